import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.CodeSystem;
import org.hl7.fhir.r4.model.CodeSystem.ConceptDefinitionComponent;

/** Validates each line of files (NDJSON) as a resource of FHIR R4, offline. The first argument is a Bundle of further profiles and codes. */
public final class Validate {
    private static final String OBSERVATION_VALUE = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
    /** The concept under which HL7's terminology has who asserted something. */
    private static final String ASSERTED_BY = "_SECINTPRVABOBV";

    public static void main(String[] arguments) throws Exception {
        FhirContext context = FhirContext.forR4();
        DefaultProfileValidationSupport standard = new DefaultProfileValidationSupport(context);
        PrePopulatedValidationSupport further = new PrePopulatedValidationSupport(context);
        further.addCodeSystem(observationValue(standard));
        Bundle bundle = context.newJsonParser().parseResource(Bundle.class, Files.readString(Path.of(arguments[0])));
        bundle.getEntry().forEach(entry -> further.addResource(entry.getResource()));
        ValidationSupportChain chain = new ValidationSupportChain(
                further,
                standard,
                new CommonCodeSystemsTerminologyService(context),
                new InMemoryTerminologyServerValidationSupport(context),
                new SnapshotGeneratingValidationSupport(context));
        FhirValidator validator = context.newValidator();
        validator.registerValidatorModule(new FhirInstanceValidator(chain));
        int all = 0;
        for (String file : List.of(arguments).subList(1, arguments.length)) {
            int number = 0;
            for (String line : Files.readAllLines(Path.of(file))) {
                number++;
                List<SingleValidationMessage> said = validator.validateWithResult(line).getMessages();
                List<String> errors = texts(said, ResultSeverityEnum.ERROR, ResultSeverityEnum.FATAL);
                all += errors.size();
                System.out.println("{\"file\":" + quoted(Path.of(file).getFileName().toString()) + ",\"line\":" + number + ",\"errors\":"
                        + errors + ",\"warnings\":" + texts(said, ResultSeverityEnum.WARNING) + "}");
            }
        }
        System.err.println(all + " errors");
    }

    /** HAPI's copy of the code system is of 2018; HL7's terminology has the code AIAST since. */
    private static CodeSystem observationValue(DefaultProfileValidationSupport standard) {
        CodeSystem system = ((CodeSystem) standard.fetchCodeSystem(OBSERVATION_VALUE)).copy();
        ConceptDefinitionComponent parent = find(system.getConcept(), ASSERTED_BY);
        if (find(parent.getConcept(), "AIAST") == null) {
            parent.addConcept().setCode("AIAST").setDisplay("Artificial Intelligence asserted");
        }
        return system;
    }

    private static ConceptDefinitionComponent find(List<ConceptDefinitionComponent> concepts, String code) {
        for (ConceptDefinitionComponent concept : concepts) {
            ConceptDefinitionComponent found = code.equals(concept.getCode()) ? concept : find(concept.getConcept(), code);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    private static List<String> texts(List<SingleValidationMessage> said, ResultSeverityEnum... severities) {
        return said.stream()
                .filter(message -> List.of(severities).contains(message.getSeverity()))
                .map(message -> quoted(message.getLocationString() + ": " + message.getMessage()))
                .collect(Collectors.toList());
    }

    private static String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c < ' ') {
                json.append(String.format("\\u%04x", (int) c));
            } else {
                json.append(c);
            }
        }
        return json.append('"').toString();
    }
}
