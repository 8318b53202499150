#!/usr/bin/env bash
# HAPI FHIR's validator: of a base64Binary it only counts letters, digits, +, / and =, of which there must be a multiple of four, and
# skips all other signs. So it finds no error in base64url (RFC 4648, section 5), which is no base64Binary, nor in "%%%%" or in a
# Hindi word of four letters.
set -euo pipefail
tmp=$(mktemp -d) judged=
finish() {
    local rc=$?
    rm -rf "$tmp"
    [ "$rc" = 0 ] || [ "$judged" ] || rc=2 # not judged: it could not be set up
    exit "$rc"
}
trap finish EXIT
cd "$tmp"

cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>ca.uhn.hapi.fhir</groupId><artifactId>hapi-fhir-validation</artifactId><version>8.8.1</version></dependency>
    <dependency><groupId>ca.uhn.hapi.fhir</groupId><artifactId>hapi-fhir-validation-resources-r4</artifactId><version>8.8.1</version></dependency>
    <dependency><groupId>ca.uhn.hapi.fhir</groupId><artifactId>hapi-fhir-structures-r4</artifactId><version>8.8.1</version></dependency>
    <dependency><groupId>ca.uhn.hapi.fhir</groupId><artifactId>hapi-fhir-caching-caffeine</artifactId><version>8.8.1</version></dependency>
    <dependency><groupId>org.eclipse.jdt</groupId><artifactId>ecj</artifactId><version>3.32.0</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DincludeScope=runtime -DoutputDirectory=libs >mvn.log 2>&1 || { cat mvn.log >&2; exit 2; }
cat >Try.java <<'JAVA'
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import org.hl7.fhir.common.hapi.validation.support.*;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;

public class Try {
    public static void main(String[] arguments) {
        FhirContext context = FhirContext.forR4();
        FhirValidator validator = context.newValidator();
        validator.registerValidatorModule(new FhirInstanceValidator(new ValidationSupportChain(new DefaultProfileValidationSupport(context),
                new CommonCodeSystemsTerminologyService(context), new InMemoryTerminologyServerValidationSupport(context))));
        for (String data : arguments) {
            String json = "{\"resourceType\":\"Binary\",\"contentType\":\"text/plain\",\"data\":\"" + data + "\"}";
            long errors = validator.validateWithResult(json).getMessages().stream()
                    .filter(it -> it.getSeverity().compareTo(ResultSeverityEnum.ERROR) >= 0).count();
            System.out.print(data + ": " + errors + "; ");
        }
    }
}
JAVA
java -cp 'libs/*' org.eclipse.jdt.internal.compiler.batch.Main -17 -nowarn -cp "$(printf '%s:' libs/*.jar)" -d . Try.java >build.log 2>&1 || { cat build.log >&2; exit 2; }
# The bytes fb ef be fb ef be in Base64, and in base64url; half a group; no group at all; a word.
seen=$(java -Xmx1g -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '.:libs/*' Try '++++++++' '--------' 'YQ' '%%%%' 'नमकम' 2>java.log) || { cat java.log >&2; exit 2; }

echo "HAPI FHIR 8.8.1 (Maven: hapi-fhir-validation), FHIR R4"
echo "expected: errors in all but the first: R4 gives base64Binary as groups of four of 0-9, a-z, A-Z, +, / and ="
echo "seen (errors): $seen"
judged=yes
[ "$seen" = "++++++++: 0; --------: 0; YQ: 1; %%%%: 0; नमकम: 0; " ]
