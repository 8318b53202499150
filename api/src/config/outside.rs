//! Settings of mail, of the captcha of the registration, and of the front end's address.

use clap::Args;
use secrecy::SecretString;

/// Where mail goes and where captchas are checked.
#[derive(Debug, Clone, Args)]
pub struct OutsideSettings {
    /// Where the front end is: links in mails begin with it
    #[arg(long, env, default_value = "http://localhost:3000", global = true)]
    pub frontend_url: String,

    /// Mail server, such as smtp://user:password@host:587?tls=required or smtps://user:password@host; without it mails are
    /// put into files [default: the folder <DATA_DIR>/mail]
    #[arg(long, env, hide_env_values = true, global = true)]
    pub smtp_url: Option<SecretString>,

    /// Sender of all mails
    #[arg(long, env, default_value = "Ayushma <ayushma@localhost>", global = true)]
    pub mail_from: String,

    /// Hours for which codes for a new password still go to the old e-mail address of an account that staff have given another
    /// one; 0: the new one gets them at once
    #[arg(long, env, default_value_t = 24, value_parser = clap::value_parser!(u16), global = true)]
    pub email_change_hours: u16,

    /// Our secret at the captcha service; without it the captcha of a registration is not checked
    #[arg(long, env, hide_env_values = true, global = true)]
    pub recaptcha_secret: Option<SecretString>,

    /// Where captchas are checked, by Google's protocol
    #[arg(long, env, default_value = "https://www.google.com/recaptcha/api/siteverify", global = true)]
    pub recaptcha_url: String,
}
