//! The request that the items make.

use gatepass_client::{Body, Form, Part};
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::items::{Field, Items, Kind, unreadable};
use super::nested::Node;
use crate::exit::Failure;

impl Items {
    /// The request that they make.
    ///
    /// # Errors
    ///
    /// The URL cannot be sent, a file cannot be read, or the names of JSON members do not go together.
    pub(super) fn request(
        self,
        method: Option<Method>,
        mut url: Url,
    ) -> Result<Request<Body>, Failure> {
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url.set_fragment(None);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("gatepass/", env!("CARGO_PKG_VERSION"))),
        );
        let own = self.headers.clone();
        let body = self.body(&mut headers)?;
        for (name, value) in own {
            match value {
                Some(value) => headers.insert(name, value),
                None => headers.remove(name),
            };
        }
        let method = method.unwrap_or(if body.is_some() {
            Method::POST
        } else {
            Method::GET
        });
        let mut request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .body(body.unwrap_or_default())
            .map_err(|error| Failure::usage(format!("{url}: {error}")))?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn body(self, headers: &mut HeaderMap) -> Result<Option<Body>, Failure> {
        if let Some((path, content)) = self.raw {
            // Most bodies of no known kind are JSON; what is not says so with a header.
            let kind = mime_guess::from_path(path).first_raw();
            describe(headers, kind.unwrap_or("application/json"), content.len());
            return content.into_body().map(Some).map_err(unreadable);
        }
        if self.fields.is_empty() {
            return Ok(None);
        }
        let files = self
            .fields
            .iter()
            .any(|(_, field)| matches!(field, Field::File(_)));
        Ok(Some(match self.kind {
            Kind::Json => {
                describe(headers, "application/json", None);
                headers.insert(
                    ACCEPT,
                    HeaderValue::from_static("application/json, */*;q=0.5"),
                );
                json(self.fields)?.into()
            }
            Kind::Form if !files => {
                describe(headers, "application/x-www-form-urlencoded", None);
                let mut form = form_urlencoded::Serializer::new(String::new());
                for (name, value) in &self.fields {
                    if let Field::Text(text) | Field::Json(text) = value {
                        form.append_pair(name, text);
                    }
                }
                form.finish().into()
            }
            Kind::Form | Kind::Multipart => {
                let fields = self.fields.into_iter();
                let form = fields.fold(Form::new(), |form, (name, field)| {
                    form.part(name, part(field))
                });
                let written = form.write()?;
                if let Some(length) = written.length {
                    headers.insert(CONTENT_LENGTH, length.into());
                }
                headers.insert(CONTENT_TYPE, written.kind);
                written.body
            }
        }))
    }
}

/// The members in their order; of a name that comes twice the later value counts.
fn json(fields: Vec<(String, Field)>) -> Result<String, Failure> {
    let mut root = Node::default();
    for (name, value) in fields {
        let json = match value {
            Field::Text(text) => Value::from(text).to_string(),
            Field::Json(json) => json,
            Field::File(_) => continue,
        };
        root.put(&name, json)
            .map_err(|reason| Failure::usage(format!("{name:?}: {reason}")))?;
    }
    Ok(root.to_json())
}

fn part(field: Field) -> Part {
    match field {
        Field::Text(text) | Field::Json(text) => text.into(),
        Field::File(part) => part,
    }
}

fn describe(headers: &mut HeaderMap, kind: &'static str, length: Option<u64>) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(length) = length {
        headers.insert(CONTENT_LENGTH, length.into());
    }
}
