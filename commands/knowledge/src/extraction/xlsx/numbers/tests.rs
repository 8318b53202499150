//! Numbers in their formats, as spreadsheets show them with English settings.

use proptest::{prop_assert, proptest};

use super::Format;

fn shown(code: &str, value: f64) -> String {
    Format::of(code).number(value, false)
}

#[test]
fn numbers_without_a_format_have_at_most_eleven_characters() {
    for (value, expected) in [
        (0.0, "0"),
        (-2.5, "-2.5"),
        (0.1 + 0.2, "0.3"),
        (123_456.123_456_789, "123456.1235"),
        (12_345_678_901.0, "12345678901"),
        (1_234_567_890_123.0, "1.23457E+12"),
        (1e21, "1E+21"),
        (99_999_999_999.9, "1E+11"),
        (0.000_015, "0.000015"),
        (0.000_012_345_67, "1.23457E-05"),
        (0.000_123_456_789, "0.000123457"),
        (1e-10, "1E-10"),
    ] {
        assert_eq!(shown("General", value), expected);
    }
    assert_eq!(shown("General\" mg\"", 2.5), "2.5 mg");
}

#[test]
fn digits_stand_in_the_places_of_the_format() {
    for (code, value, expected) in [
        ("0000", 7.0, "0007"),
        ("0.0%", 0.125, "12.5%"),
        ("0.0 %", 0.125, "12.5 %"),
        ("0%", 0.005, "1%"),
        ("0.00", 1.005, "1.01"),
        ("0.0", 0.25, "0.3"),
        ("0.0", 99.95, "100.0"),
        ("0", 0.5, "1"),
        ("0.0", -0.04, "0.0"),
        ("0.00\" mg\"", 12.5, "12.50 mg"),
        ("0.00\" mg\"", -12.5, "-12.50 mg"),
        ("\"Dose: \"0.0", 2.5, "Dose: 2.5"),
        ("#,##0.00", 1_234_567.891, "1,234,567.89"),
        ("#,##0", 7.0, "7"),
        ("0,000", 7.0, "0,007"),
        ("#,##0,", 1_234_567.0, "1,235"),
        ("0.0,,\" M\"", 1_234_567.0, "1.2 M"),
        ("[>=10000000]##\\,##\\,##\\,##0;[>=100000]##\\,##\\,##0;##,##0", 1_234_567.0, "12,34,567"),
        ("00-00", 1234.0, "12-34"),
        ("(000) 000-0000", 5_551_234_567.0, "(555) 123-4567"),
        ("0.##", 5.25, "5.25"),
        ("#.##", 0.5, ".5"),
        (".00", 12.5, "12.50"),
        ("#", 0.0, ""),
        ("0.0", 1e20, "100000000000000000000.0"),
        ("[$₹-4009] #,##0.00", 1234.5, "₹ 1,234.50"),
        ("[$-409]0.0", 2.5, "2.5"),
        ("@", 5.0, "5"),
    ] {
        assert_eq!(shown(code, value), expected, "{code}");
    }
}

#[test]
fn numbers_with_exponents() {
    for (code, value, expected) in [
        ("0.00E+00", 0.000_015, "1.50E-05"),
        ("0.00E-00", 15_000.0, "1.50E04"),
        ("##0.0E+0", 12_345.0, "12.3E+3"),
        ("##0.0E+0", 0.000_12, "120.0E-6"),
        ("0.0E+00", 9.99, "1.0E+01"),
        ("0.0E+00", 0.0, "0.0E+00"),
        ("0.0E+00", -1500.0, "-1.5E+03"),
    ] {
        assert_eq!(shown(code, value), expected, "{code}");
    }
}

#[test]
fn fractions() {
    for (code, value, expected) in [
        ("# ?/?", 2.5, "2 1/2"),
        ("# ?/?", 0.5, "1/2"),
        ("# ?/?", 3.0, "3"),
        ("# ?/?", 0.0, "0"),
        ("# ?/?", -1.75, "-1 3/4"),
        ("# ??/??", 0.333_333_333_333, "1/3"),
        ("# ??/??", std::f64::consts::PI, "3 14/99"),
        ("# ?/?", 0.3, "2/7"),
        ("# ?/?", 0.7, "5/7"),
        ("# ???/???", std::f64::consts::PI, "3 16/113"),
        ("# ?/8", 0.375, "3/8"),
        ("# ??/16", 1.5, "1 8/16"),
        ("# ??/100", 0.25, "25/100"),
        ("# ?/2", 0.99, "1"),
        ("?/?", 1.5, "3/2"),
        ("# ?/4\" tab\"", 1.5, "1 2/4 tab"),
    ] {
        assert_eq!(shown(code, value), expected, "{code} {value}");
    }
}

#[test]
fn sections_are_chosen_by_sign_and_by_condition() {
    for (code, value, expected) in [
        ("0.0;(0.0)", -3.0, "(3.0)"),
        ("0.0;(0.0);\"none\"", 0.0, "none"),
        ("0.00;[Red]0.00", -2.0, "2.00"),
        ("0;-0;;@", 0.0, ""),
        (";;;", 5.0, ""),
        ("[<5]General;General", 2.5, "2.5"),
        ("[<1]0.00;0.0", 0.25, "0.25"),
        ("[<1]0.00;0.0", 2.25, "2.3"),
        ("[>=10]0;0.0", -9.5, "-9.5"),
        ("[<0]\"below \"0.0;0.0", -1.5, "below 1.5"),
        ("[>100]\"high\";[<50]\"low\";0", 75.0, "75"),
        ("[>100]\"high\";[<50]\"low\";0", 10.0, "low"),
        ("[=1]\"yes\";[=0]\"no\";0", 1.0, "yes"),
        ("[>100]0", 5.0, "5"),
    ] {
        assert_eq!(shown(code, value), expected, "{code} {value}");
    }
    assert_eq!(Format::of("0;-0;0;\"Drug: \"@").text("zinc"), "Drug: zinc");
    assert_eq!(Format::of("@\" mg\"").text("5"), "5 mg");
    assert_eq!(Format::of("0.0").text("zinc"), "zinc");
}

#[test]
fn dates_and_times() {
    for (code, value, expected) in [
        ("yyyy-mm-dd", 46_086.0, "2026-03-05"),
        ("dd/mm/yyyy", 46_086.0, "05/03/2026"),
        ("d.m.yy", 46_086.0, "5.3.26"),
        ("[$-409]d-mmm-yy", 46_086.0, "5-Mar-26"),
        ("dddd, mmmm d", 46_086.0, "Thursday, March 5"),
        ("ddd mmmmm", 46_086.0, "Thu M"),
        ("h:mm", 0.604_166_666_666_667, "14:30"),
        ("h:mm AM/PM", 0.604_166_666_666_667, "2:30 PM"),
        ("h:mm A/P", 0.0, "12:00 A"),
        ("[h]:mm", 1.25, "30:00"),
        ("[hh]\" h\"", 0.25, "06 h"),
        ("[mm]:ss", 0.5, "720:00"),
        ("[s]", 0.5, "43200"),
        ("mm:ss.0", 0.000_12, "00:10.4"),
        ("h:mm", 0.999_99, "23:59"),
        ("hh:mm:ss", 0.999_999_999, "00:00:00"),
        ("yyyy-mm-dd h:mm:ss", 46_387.999_652_777_78, "2026-12-31 23:59:30"),
        ("d mmm yyyy hh\"h\"mm", 46_086.5, "5 Mar 2026 12h00"),
        ("dd/mm/yyyy", 60.0, "29/02/1900"),
        ("dd/mm/yyyy", 59.0, "28/02/1900"),
        ("dd/mm/yyyy", 61.0, "01/03/1900"),
        ("dd/mm/yyyy", 2_958_465.0, "31/12/9999"),
        ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", 46_086.0, "Thursday, 5 March 2026"),
        ("[$-F400]h:mm:ss\\ AM/PM", 0.5, "12:00:00"),
        ("yyyy", -1.0, "-1"),
        ("yyyy", 2_958_466.0, "2958466"),
    ] {
        assert_eq!(shown(code, value), expected, "{code} {value}");
    }
    assert_eq!(Format::of("yyyy-mm-dd").number(44_624.0, true), "2026-03-05");
    assert_eq!(Format::of("yyyy-mm-dd").number(0.0, true), "1904-01-01");
}

proptest! {
    #[test]
    fn no_format_makes_a_number_panic(code in "([0#?.,%/;hmsdyebEG@+_*\"\\\\\\[\\]<>=$ -]|General|AM/PM|E\\+|\\[h\\]|é|ज|[0-9]){0,30}", value: f64) {
        let format = Format::of(&code);
        for value in [value, 0.0, -1.5, 46_086.6, 1e300, -1e-300, f64::MAX] {
            prop_assert!(format.number(value, false).len() < 20_000);
            prop_assert!(format.number(value, true).len() < 20_000);
        }
        format.text("zinc");
    }
}
