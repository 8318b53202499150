//! The mails to owners of accounts: the code for a new password, and the notice of a new e-mail address.

use chrono::TimeDelta;
use domain::{
    user::Account,
    values::{Email, FullName},
};
use reqwest::Url;

use super::reset_codes::CODE_LIFE;
use ports::Mail;

const SUBJECT: &str = "Choose a new password for Ayushma";
const TEXT: &str = include_str!("reset_mail.txt");
const HTML: &str = include_str!("reset_mail.html");
const ADDRESS_SUBJECT: &str = "Your Ayushma account has another e-mail address";
const ADDRESS_TEXT: &str = include_str!("address_mail.txt");
const ADDRESS_HTML: &str = include_str!("address_mail.html");

/// The URL of the front end.
#[derive(Debug, Clone)]
pub struct FrontEnd(Url);

/// The text is no URL of a web page.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not an address such as https://ayushma.example.org")]
pub struct FrontEndError(String);

impl FrontEnd {
    /// Parses the URL of the front end.
    ///
    /// # Errors
    /// [`FrontEndError`] unless it is an `http` or `https` URL.
    pub fn parse(text: &str) -> Result<Self, FrontEndError> {
        match Url::parse(text.trim()) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Self(url)),
            _ => Err(FrontEndError(text.to_owned())),
        }
    }

    fn page(&self, name: &str) -> Url {
        let mut page = self.0.clone();
        page.set_path(&format!("{}/{name}", self.0.path().trim_end_matches('/')));
        page
    }

    /// The page for choosing a new password.
    fn reset_page(&self, code: &str, email: &Email) -> Url {
        let mut page = self.page("reset-password");
        page.query_pairs_mut().clear().append_pair("token", code).append_pair("email", email.as_str());
        page
    }
}

fn greeting(name: Option<&FullName>) -> String {
    name.map_or_else(|| "Hello,".to_owned(), |name| format!("Hello {},", name.in_one_line()))
}

/// The mail with a code to the owner of the account. `to` may be another address than the account's present one.
pub(super) fn reset_mail(account: &Account, to: Email, code: &str, front_end: &FrontEnd) -> Mail {
    let greeting = greeting(account.full_name.as_ref());
    let link = front_end.reset_page(code, &account.email);
    let minutes = CODE_LIFE.num_minutes().to_string();
    let values =
        [("subject", SUBJECT), ("greeting", &greeting), ("code", code), ("link", link.as_str()), ("minutes", &minutes)];
    Mail {
        to,
        subject: SUBJECT.to_owned(),
        text: filled(TEXT, &values, str::to_owned),
        html: filled(HTML, &values, escaped),
    }
}

/// The notice to the former address. With `life`, codes for a new password go to that address for as long.
pub(super) fn address_mail(
    name: Option<&FullName>,
    to: Email,
    new: &Email,
    life: Option<TimeDelta>,
    front_end: &FrontEnd,
) -> Mail {
    let advice = match life {
        Some(life) => format!(
            "If you have not agreed to this, ask for a new password for {new} at {page}. For {hours} hours the code for it is mailed here, to your old address, and not there. And tell whoever runs Ayushma for you.",
            page = front_end.page("forgot-password"),
            hours = life.num_hours()
        ),
        None => "If you have not agreed to this, tell whoever runs Ayushma for you.".to_owned(),
    };
    let greeting = greeting(name);
    let values =
        [("subject", ADDRESS_SUBJECT), ("greeting", &greeting), ("address", new.as_str()), ("advice", &advice)];
    Mail {
        to,
        subject: ADDRESS_SUBJECT.to_owned(),
        text: filled(ADDRESS_TEXT, &values, str::to_owned),
        html: filled(ADDRESS_HTML, &values, escaped),
    }
}

/// Fills a template in one pass, so that inserted values are never read as placeholders.
fn filled(template: &str, values: &[(&str, &str)], written: fn(&str) -> String) -> String {
    let mut parts = template.split('{');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let value = part.split_once('}').and_then(|(name, rest)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some(written(value) + rest)
        });
        text.push_str(&value.unwrap_or_else(|| format!("{{{part}")));
    }
    text
}

/// Escapes a value for text and attributes of HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use domain::user::Roles;

    use super::*;

    fn mail(name: &str, email: &str, front_end: &str) -> Mail {
        let account = Account {
            email: Email::parse(email).expect("an address"),
            // A name from before names had to be a single line.
            full_name: Some(name)
                .filter(|name| !name.is_empty())
                .map(|name| serde_json::from_value(name.into()).expect("any text loads")),
            roles: Roles::default(),
            is_auditor: false,
            is_active: true,
            sessions: vec![],
        };
        let front_end = FrontEnd::parse(front_end).expect("an address of a page");
        reset_mail(&account, account.email.clone(), "012345", &front_end)
    }

    #[test]
    fn both_forms_show_the_code_and_a_link_whose_values_are_encoded() {
        let mail = mail("Asha Nair", "asha+ward&3@example.com", "https://ayushma.example.org/app/");
        let link = "https://ayushma.example.org/app/reset-password?token=012345&email=asha%2Bward%263%40example.com";
        assert!(mail.text.contains(link), "{}", mail.text);
        let in_html = link.replace("&email", "&amp;email");
        assert!(mail.html.contains(&format!("href=\"{in_html}\"")), "{}", mail.html);
        for form in [&mail.text, &mail.html] {
            assert!(form.contains("Hello Asha Nair,") && form.contains("10 minutes"), "{form}");
            assert!(!form.contains('{'), "{form}");
        }
    }

    #[test]
    fn a_name_is_text_whatever_it_looks_like() {
        let mail = mail("<b>{code}\"&", "asha@example.com", "http://localhost:3000");
        assert!(mail.html.contains("Hello &lt;b&gt;{code}&quot;&amp;,"), "{}", mail.html);
        assert!(mail.text.contains("Hello <b>{code}\"&,"), "{}", mail.text);
    }

    #[test]
    fn a_name_puts_nothing_of_its_own_into_the_mail() {
        let mail = mail("Asha,\r\n\r\n    654321\r\n\u{202e}", "asha@example.com", "http://localhost:3000");
        assert!(mail.text.starts_with("Hello Asha, 654321,\n\n"), "{}", mail.text);
    }

    #[test]
    fn a_person_without_a_name_is_greeted_without_one() {
        assert!(mail("", "asha@example.com", "http://localhost:3000").text.starts_with("Hello,\n"));
    }

    #[test]
    fn a_notice_says_where_codes_go_only_while_they_go_there() {
        let email = |text: &str| Email::parse(text).expect("an address");
        let front_end = FrontEnd::parse("https://ayushma.example.org/app/").expect("an address of a page");
        let notice = |life| address_mail(None, email("old@example.com"), &email("n{e}w@example.com"), life, &front_end);
        let mail = notice(Some(TimeDelta::hours(24)));
        assert_eq!(mail.to.as_str(), "old@example.com");
        for form in [&mail.text, &mail.html] {
            for part in ["https://ayushma.example.org/app/forgot-password", "For 24 hours", "n{e}w@example.com"] {
                assert!(form.contains(part), "{part} is missing in {form}");
            }
        }
        assert!(!notice(None).text.contains("forgot-password"));
    }

    #[test]
    fn only_an_address_of_a_page_is_one_of_a_front_end() {
        for text in ["", "localhost:3000", "javascript:alert(1)", "/app"] {
            assert!(FrontEnd::parse(text).is_err(), "{text}");
        }
    }
}
