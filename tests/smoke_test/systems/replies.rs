//! Answers of the services that stand for those of a guide.

use support::servers::{Reply, Request};

/// An answer with this status and body.
pub fn reply(status: u16, body: impl Into<Vec<u8>>) -> Reply {
    let mut reply = Reply::new(body.into().into());
    *reply.status_mut() = status.try_into().expect("is a status");
    reply
}

/// A JSON document.
pub fn json(status: u16, body: &str) -> Reply {
    with(reply(status, body), "content-type", "application/json")
}

/// A page with this head and this body.
pub fn html(head: &str, body: &str) -> Reply {
    as_html(reply(200, page(head, body)))
}

/// The text of such a page.
pub fn page(head: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><head>{head}<link rel=icon href='data:,'></head>\
         <body>{body}</body></html>"
    )
}

/// The same as a page.
pub fn as_html(reply: Reply) -> Reply {
    with(reply, "content-type", "text/html; charset=utf-8")
}

/// Leads elsewhere.
pub fn redirect(status: u16, to: &str) -> Reply {
    with(reply(status, ""), "location", to)
}

/// The same with one more header.
pub fn with(mut reply: Reply, name: &'static str, value: &str) -> Reply {
    let value = value.parse().expect("is a value");
    reply.headers_mut().append(name, value);
    reply
}

/// The value of a header, empty when there is none.
pub fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    let value = request.headers().get(name);
    let value = value.and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

/// The body as a text.
pub fn body(request: &Request) -> String {
    String::from_utf8_lossy(request.body()).into_owned()
}
