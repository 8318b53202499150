//! The methods of a path with the permission that each needs, declared as a table.
//!
//! ```
//! # use http_api::contract::resource::{resource, Permission::{Staff, User}, Resource};
//! # async fn list() {}
//! # async fn create() {}
//! # fn projects() -> Resource<()> {
//! resource(Staff).get(User, list).post(Staff, create)
//! # }
//! ```
//!
//! The permission given to `resource` is checked for every method that the path does not have, because the order is:
//! authentication (401), permission (403), method (405), and only then the handler.

use std::{future::Future, sync::Arc};

use axum::{
    extract::{FromRequestParts, RawPathParams, Request, State, rejection::RawPathParamsRejection},
    handler::Handler,
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{MethodFilter, MethodRouter},
};
use uuid::Uuid;

use super::{auth_header::Credentials, negotiation, problem::ApiError};

/// The permission that a caller needs for a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// No credentials are needed; credentials that are sent must be valid all the same.
    Public,
    /// Anybody who is logged in.
    User,
    /// Anybody who is logged in, to change the own account: also whoever only reads otherwise.
    OwnAccount,
    /// Anybody who is logged in, or sends a service's temp token.
    ChatUser,
    Staff,
    Superuser,
    /// Auditors or superusers.
    Auditor,
    /// Staff or reviewers.
    Reviewer,
    /// The key of a service.
    ApiKey,
}

/// The authenticated caller, which the guard adds to the request's extensions.
pub trait Caller: Clone + Send + Sync + 'static {
    fn has(&self, permission: Permission) -> bool;

    /// Returns whether the caller changes nothing but the own account, whatever else the permissions allow.
    fn only_reads(&self) -> bool {
        false
    }

    /// Returns the account whose limits the caller's requests count against; `None` if there is none.
    fn account(&self) -> Option<Account> {
        None
    }
}

/// The account of a person or a service, in the extensions of every request whose caller has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account(pub Uuid);

/// Authenticates the caller of a request.
pub trait Authenticator: Clone + Send + Sync + 'static {
    type Caller: Caller;

    /// Returns the caller, or `None` for an anonymous request. `request` gives what is not in the `Authorization`
    /// header: API keys, and the address of the client.
    ///
    /// # Errors
    /// The refusal of invalid credentials.
    fn authenticate(
        &self,
        credentials: Credentials,
        request: &Parts,
    ) -> impl Future<Output = Result<Option<Self::Caller>, ApiError>> + Send;

    /// Notes that a caller was refused who has not the permission for the request.
    fn denied(&self, _caller: &Self::Caller, _request: &mut Parts) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// Returns a path without methods yet; `otherwise` is the permission that is checked for methods that it does not have.
pub fn resource<S>(otherwise: Permission) -> Resource<S>
where
    S: Clone + Send + Sync + 'static,
{
    Resource {
        methods: MethodRouter::new(),
        needs: vec![],
        otherwise,
        dotted_ids: false,
        own_forms: false,
        nameless: false,
    }
}

/// The methods of a path.
#[must_use = "a resource is served after `guarded_by`"]
pub struct Resource<S> {
    methods: MethodRouter<S>,
    needs: Vec<(Method, Permission)>,
    otherwise: Permission,
    dotted_ids: bool,
    own_forms: bool,
    nameless: bool,
}

impl<S> Resource<S>
where
    S: Clone + Send + Sync + 'static,
{
    /// Adds a handler of GET and HEAD.
    pub fn get<H: Handler<T, S>, T: 'static>(self, needs: Permission, handler: H) -> Self {
        self.on(Method::GET, MethodFilter::GET, needs, handler)
    }

    pub fn post<H: Handler<T, S>, T: 'static>(self, needs: Permission, handler: H) -> Self {
        self.on(Method::POST, MethodFilter::POST, needs, handler)
    }

    pub fn patch<H: Handler<T, S>, T: 'static>(self, needs: Permission, handler: H) -> Self {
        self.on(Method::PATCH, MethodFilter::PATCH, needs, handler)
    }

    pub fn delete<H: Handler<T, S>, T: 'static>(self, needs: Permission, handler: H) -> Self {
        self.on(Method::DELETE, MethodFilter::DELETE, needs, handler)
    }

    /// Allows dots in the ids of this path, such as in usernames. Without this, a path with a dot in an id is a 404.
    pub fn dotted_ids(mut self) -> Self {
        self.dotted_ids = true;
        self
    }

    /// Leaves `Accept` and `?format=` to the handlers, which serve other formats than JSON.
    pub fn own_forms(mut self) -> Self {
        self.own_forms = true;
        self
    }

    /// Does not look at credentials, which would need the database: everybody is a stranger here.
    pub fn nameless(mut self) -> Self {
        self.nameless = true;
        self
    }

    /// Returns the router of the path's methods, each behind authentication and its permission.
    #[expect(clippy::missing_panics_doc, reason = "names of methods are always header text")]
    pub fn guarded_by<A: Authenticator>(self, authenticator: A) -> MethodRouter<S> {
        let allow = self.allow();
        let guard = Guard {
            authenticator,
            table: Arc::new(Table {
                needs: self.needs,
                otherwise: self.otherwise,
                dotted_ids: self.dotted_ids,
                own_forms: self.own_forms,
                nameless: self.nameless,
                allow_header: HeaderValue::from_str(&allow).expect("names of methods are header text"),
            }),
        };
        self.methods
            .options(|| async { StatusCode::OK })
            .fallback(|method: Method| async move { ApiError::method_not_allowed(&method) })
            .layer(from_fn_with_state(guard, Guard::admit))
    }

    fn on<H: Handler<T, S>, T: 'static>(
        mut self,
        method: Method,
        filter: MethodFilter,
        needs: Permission,
        handler: H,
    ) -> Self {
        self.methods = self.methods.on(filter, handler);
        self.needs.push((method, needs));
        self
    }

    /// Returns the value of the `Allow` header: the methods in the contract's order.
    fn allow(&self) -> String {
        let has = |method: &&Method| self.needs.iter().any(|(known, _)| known == *method);
        let mut names: Vec<&str> = ORDER.iter().filter(has).map(Method::as_str).collect();
        if has(&&Method::GET) {
            names.push("HEAD");
        }
        names.push("OPTIONS");
        names.join(", ")
    }
}

static ORDER: [Method; 4] = [Method::GET, Method::POST, Method::PATCH, Method::DELETE];

struct Table {
    needs: Vec<(Method, Permission)>,
    otherwise: Permission,
    dotted_ids: bool,
    own_forms: bool,
    nameless: bool,
    allow_header: HeaderValue,
}

impl Table {
    fn needs(&self, method: &Method) -> Permission {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.needs.iter().find(|(known, _)| known == method).map_or(self.otherwise, |(_, needs)| *needs)
    }
}

#[derive(Clone)]
struct Guard<A> {
    authenticator: A,
    table: Arc<Table>,
}

impl<A: Authenticator> Guard<A> {
    async fn admit(State(guard): State<Self>, request: Request, next: Next) -> Response {
        let (mut parts, body) = request.into_parts();
        if !guard.path_exists(&mut parts).await {
            return ApiError::not_found().into_response();
        }
        let mut response = match guard.check(&mut parts).await {
            Ok(()) => next.run(Request::from_parts(parts, body)).await,
            Err(refusal) => refusal.into_response(),
        };
        response.headers_mut().insert(header::ALLOW, guard.table.allow_header.clone());
        response
    }

    async fn path_exists(&self, parts: &mut Parts) -> bool {
        match RawPathParams::from_request_parts(parts, &()).await {
            Ok(ids) => ids
                .iter()
                .all(|(_, id)| !id.is_empty() && !id.contains('/') && (self.table.dotted_ids || !id.contains('.'))),
            Err(RawPathParamsRejection::MissingPathParams(_)) => true,
            Err(_) => false,
        }
    }

    async fn check(&self, parts: &mut Parts) -> Result<(), ApiError> {
        if !self.table.own_forms {
            negotiation::check(parts)?;
        }
        let needs = self.table.needs(&parts.method);
        if self.table.nameless && needs == Permission::Public {
            return Ok(());
        }
        let credentials = Credentials::of(&parts.headers)?;
        match self.authenticator.authenticate(credentials, parts).await? {
            None if needs == Permission::Public => Ok(()),
            None => Err(ApiError::not_authenticated()),
            Some(caller) if may(&caller, &parts.method, needs) => {
                if let Some(account) = caller.account() {
                    parts.extensions.insert(account);
                }
                parts.extensions.insert(caller);
                Ok(())
            }
            Some(caller) => {
                self.authenticator.denied(&caller, parts).await;
                Err(ApiError::permission_denied())
            }
        }
    }
}

fn may<C: Caller>(caller: &C, method: &Method, needs: Permission) -> bool {
    let is_for_readers = method.is_safe() || matches!(needs, Permission::Public | Permission::OwnAccount);
    (needs == Permission::Public || caller.has(needs)) && (is_for_readers || !caller.only_reads())
}

#[cfg(test)]
#[path = "resource_tests.rs"]
mod tests;
