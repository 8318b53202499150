//! The bodies of requests about accounts and their administration.

use utoipa::ToSchema;

#[derive(ToSchema)]
pub struct Registration {
    /// Letters, digits and `@ . + - _`; not taken, in any case of its letters.
    #[schema(min_length = 1, max_length = 150)]
    pub username: String,
    #[schema(min_length = 1, max_length = 80)]
    pub full_name: String,
    /// At least eight characters, not only digits, neither common nor like the other fields.
    #[schema(min_length = 8)]
    pub password: String,
    #[schema(format = Email, max_length = 254)]
    pub email: String,
    #[schema(min_length = 1)]
    pub recaptcha: String,
}

#[derive(ToSchema)]
pub struct Credentials {
    #[schema(min_length = 1)]
    pub password: String,
    #[schema(format = Email, max_length = 254)]
    pub email: String,
}

/// Only what is named is changed.
#[derive(ToSchema)]
pub struct ProfileChange {
    #[schema(max_length = 80, nullable = false)]
    pub full_name: Option<String>,
    /// Ends all other logins of the user.
    #[schema(min_length = 8, nullable = false)]
    pub password: Option<String>,
}

/// For a code that lets a new password be set, sent to this address.
#[derive(ToSchema)]
pub struct ForgottenPassword {
    #[schema(format = Email, max_length = 254)]
    pub email: String,
}

/// A code that was sent, and the address that it was sent to.
#[derive(ToSchema)]
pub struct ResetCode {
    #[schema(min_length = 1)]
    pub token: String,
    #[schema(format = Email, max_length = 254)]
    pub email: String,
}

/// The new password. Who is not logged in shows a code that was sent, too.
#[derive(ToSchema)]
pub struct PasswordReset {
    #[schema(min_length = 8)]
    pub password: String,
    #[schema(nullable = false)]
    pub token: Option<String>,
    #[schema(format = Email, max_length = 254, nullable = false)]
    pub email: Option<String>,
}

#[derive(ToSchema)]
pub struct NewUser {
    /// Letters, digits and `@ . + - _`; not taken, in any case of its letters.
    #[schema(min_length = 1, max_length = 150)]
    pub username: String,
    #[schema(min_length = 1, max_length = 80)]
    pub full_name: String,
    /// At least eight characters, not only digits, neither common nor like the other fields.
    #[schema(min_length = 8)]
    pub password: String,
    #[schema(format = Email, max_length = 254)]
    pub email: String,
}

/// Only what is named is changed.
#[derive(ToSchema)]
pub struct UserChange {
    #[schema(format = Email, max_length = 254, nullable = false)]
    pub email: Option<String>,
    #[schema(max_length = 80, nullable = false)]
    pub full_name: Option<String>,
    #[schema(nullable = false)]
    pub allow_key: Option<bool>,
    #[schema(nullable = false)]
    pub is_staff: Option<bool>,
    #[schema(nullable = false)]
    pub is_reviewer: Option<bool>,
}
