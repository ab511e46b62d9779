//! Every reader with what it takes and what it refuses.

use secrecy::ExposeSecret as _;

use super::*;

/// A process with one variable, one file and a folder of credentials.
struct Known;

impl SecretSource for Known {
    fn env(&self, name: &str) -> Option<String> {
        match name {
            "TOKEN" => Some(" from-env\n".to_owned()),
            "BLANK" => Some("  ".to_owned()),
            "CREDENTIALS_DIRECTORY" => Some("/run/credentials/shelfd".to_owned()),
            _ => None,
        }
    }

    fn file(&self, path: &str) -> Result<String, String> {
        match path {
            "/etc/token" => Ok("from-file\n".to_owned()),
            "/run/credentials/shelfd/token" => Ok("from-credential".to_owned()),
            "/etc/blank" => Ok("\n".to_owned()),
            _ => Err("gone".to_owned()),
        }
    }
}

fn root(text: &str) -> Section<'static> {
    Section::root(text.parse().unwrap(), &Known)
}

/// Read `v = …` in some way: the value read, and the values that the problems show.
fn read<T>(value: &str, read: impl Fn(&mut Section<'_>) -> T) -> (T, Vec<String>) {
    let mut section = root(&format!("v = {value}"));
    let got = read(&mut section);
    (got, section.problem_list().borrow().iter().map(|problem| problem.value.clone()).collect())
}

fn check<T: PartialEq + fmt::Debug>(value: &str, how: impl Fn(&mut Section<'_>) -> T, expect: T, shown: &[&str]) {
    let (got, problems) = read(value, how);
    assert_eq!(got, expect, "v = {value}");
    assert_eq!(problems, shown, "v = {value}");
}

const ANY: Want<'static> = Want { expected: "something", hint: "" };

#[test]
fn texts_are_trimmed_and_not_blank() {
    let text = |section: &mut Section<'_>| section.text("v", ANY);
    check("\" SKU \"", text, Some("SKU".to_owned()), &[]);
    check("\" \"", text, None, &["\" \""]);
    check("7", text, None, &["7"]);
    let lists = |section: &mut Section<'_>| section.texts("v", ANY);
    check("\"SKU\"", lists, vec!["SKU".to_owned()], &[]);
    check("[\"A\", \"B\"]", lists, vec!["A".to_owned(), "B".to_owned()], &[]);
    check("[\"A\", \"\"]", lists, vec![], &["a list (not shown)"]);
}

#[test]
fn numbers_keep_within_bounds() {
    let whole = |section: &mut Section<'_>| section.int_or("v", 5, 1..=9, "");
    for (value, expect, shown) in
        [("1", 1, None), ("9", 9, None), ("0", 5, Some("0")), ("10", 5, Some("10")), ("2.5", 5, Some("2.5"))]
    {
        check(value, whole, expect, shown.as_slice());
    }
    let secs = |section: &mut Section<'_>| section.secs_or("v", 5.0, 0.5..=9.0, "");
    check("0.5", secs, Duration::from_millis(500), &[]);
    check("9", secs, Duration::from_secs(9), &[]);
    for value in ["0.4", "-1", "nan", "inf", "\"2\""] {
        check(value, secs, Duration::from_secs(5), &[value]);
    }
}

#[test]
fn addresses_carry_no_log_in() {
    let url = |section: &mut Section<'_>| section.url("v", ANY).map(String::from);
    check("\"https://a.example/x\"", url, Some("https://a.example/x".to_owned()), &[]);
    for open in ["\"ftp://a.example\"", "\"a.example\"", "7"] {
        check(open, url, None, &[open]);
    }
    for hidden in ["\"https://u:p@a.example\"", "\"https://a.example/?k=s\"", "\"https://a.example/#s\""] {
        check(hidden, url, None, &[HIDDEN_URL]);
    }
}

#[test]
fn choices_and_flags() {
    let choice = |section: &mut Section<'_>| section.choice_or("v", 1, &[("one", 1), ("two", 2)], "");
    check("\"two\"", choice, 2, &[]);
    check("\"three\"", choice, 1, &["\"three\""]);
    let flag = |section: &mut Section<'_>| section.flag_or("v", true, "");
    check("false", flag, false, &[]);
    check("\"no\"", flag, true, &["\"no\""]);
}

#[test]
fn secrets_come_from_outside() {
    let secret =
        |section: &mut Section<'_>| section.secret("v", "a token").map(|secret| secret.expose_secret().to_owned());
    check("{ env = \"TOKEN\" }", secret, Some("from-env".to_owned()), &[]);
    check("{ file = \"/etc/token\" }", secret, Some("from-file".to_owned()), &[]);
    check("{ credential = \"token\" }", secret, Some("from-credential".to_owned()), &[]);
    check("{ env = \"BLANK\" }", secret, None, &["unset"]);
    check("{ file = \"/etc/blank\" }", secret, None, &["\"/etc/blank\", which is empty"]);
    check("{ credential = \"other\" }", secret, None, &["a credential, which cannot be read (gone)"]);
    check("{ credential = \"../token\" }", secret, None, &["(not shown)"]);
    check("\"hush\"", secret, None, &["written here (not shown)"]);
    check("{ env = \"TOKEN\", file = \"/etc/token\" }", secret, None, &["a table (not shown)"]);
    check("{ env = 7 }", secret, None, &["(not shown)"]);
}

#[test]
fn what_is_missing_is_told_and_has_no_value() {
    let mut section = root("");
    assert_eq!(section.text("a", ANY), None);
    assert_eq!(section.url("b", ANY), None);
    assert!(section.secret("c", "a token").is_none());
    assert_eq!(section.text_or("d", "x", ANY), "x");
    let problems = section.problem_list();
    let paths: Vec<String> = problems.borrow().iter().map(|problem| problem.path.clone()).collect();
    assert_eq!(paths, ["a", "b", "c"]);
    assert!(problems.borrow().iter().all(|problem| problem.value.is_empty()));
}

#[test]
fn tables_below_report_to_the_same_list_with_their_place() {
    let mut section = root("[[shops]]\nname = 1\n[[shops]]\nnam = \"b\"");
    for mut shop in section.sections("shops") {
        shop.text("name", ANY);
        shop.finish();
    }
    assert!(section.is_wrong("shops") && !section.is_wrong("shop"));
    let problems = section.problem_list();
    section.finish();
    let told: Vec<String> = problems.borrow().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "shops[0].name: is 1; expected something",
            "shops[1].name: is missing; expected something",
            "shops[1].nam: is not a known key; expected one of name\n  hint: did you mean \"name\"?",
        ]
    );
}

#[test]
fn distances() {
    for (a, b, expect) in
        [("", "", 0), ("stock", "stock", 0), ("stok", "stock", 1), ("", "abc", 3), ("größe", "grösse", 2)]
    {
        assert_eq!(distance(a, b), expect, "{a} {b}");
        assert_eq!(distance(b, a), expect, "{b} {a}");
    }
}

#[test]
fn long_values_are_cut_between_characters() {
    let shown = quote(&Value::String("ä".repeat(100)));
    assert_eq!(shown.chars().count(), 60);
    assert!(shown.ends_with('…'));
}
