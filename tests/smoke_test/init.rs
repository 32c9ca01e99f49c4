//! `smoke-test init`: what it drafts is a valid section that passes against the service which the
//! document describes, and a document that describes nothing is refused with one line.

use crate::sandbox::{Ran, Sandbox};
use hyper::body::Bytes;
use std::process::{Command, Stdio};
use support::servers::HttpServer;

const PETS: &str = r##"
openapi: 3.1.0
info: { title: Pets, version: 1.0.0 }
servers: [{ url: /v1 }]
paths:
  /pets:
    parameters: [{ $ref: '#/components/parameters/Limit' }]
    get:
      summary: "List all pets: #1"
      responses:
        200:
          description: ok
          content: { application/json: { schema: { type: array } } }
    post: { responses: { '201': { description: made } } }
  /pets/{name}:
    get:
      parameters: [{ name: name, in: path, required: true, example: rex the first }]
      responses:
        '200':
          description: ok
          content: { application/json: { schema: { $ref: '#/components/schemas/Pet' } } }
  /owners/{id}:
    get:
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses: { '200': { description: ok } }
components:
  parameters: { Limit: { name: limit, in: query, required: true, schema: { default: 10 } } }
  schemas:
    Pet:
      type: object
      required: [id, kind, born, mother]
      properties:
        id: { type: string, format: uuid }
        kind: { enum: [cat, dog] }
        born: { type: string, format: date }
        mother: { oneOf: [{ $ref: '#/components/schemas/Pet' }, { type: 'null' }] }
"##;

fn drafted(name: &str, document: &[u8], more: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::write(folder.path().join(name), document).expect("the folder is new");
    let from = match name.rsplit_once('.') {
        Some((_, "hurl")) => "--from-hurl",
        _ if name.contains("compose") => "--from-compose",
        _ => "--from-openapi",
    };
    // There is neither a configuration nor a repository, and no variable but the path.
    let output = Command::new(env!("CARGO_BIN_EXE_smoke-test"))
        .args(["init", from, name])
        .args(more)
        .current_dir(folder.path())
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .expect("the binary was built");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn section(name: &str, document: &str, more: &[&str]) -> String {
    let (code, stdout, stderr) = drafted(name, document.as_bytes(), more);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    stdout
}

/// A service as the documents describe it; every answer says its release.
fn service() -> HttpServer {
    let server = HttpServer::start(|request| {
        let target = request.uri().to_string();
        let (status, kind, body) = match target.as_str() {
            "/id" => (200, "text/plain", ""),
            "/v1/pets?limit=10" => (200, "application/json", "[]"),
            "/v1/pets/rex%20the%20first" => (
                200,
                "application/json",
                r#"{"id":"67e55044-10b1-426f-9247-bb680e5fe0c8","kind":"dog","born":"2020-02-29",
                    "mother":null}"#,
            ),
            "/health?full=1" => (
                200,
                "application/json",
                r#"{"status":"ok","parts":[{"name":"db"},{"name":"x"}]}"#,
            ),
            "/echo" if request.body().as_ref() == br#"{"text": "${HOME}"}"# => {
                (201, "text/plain", "fine")
            }
            _ => (404, "text/plain", "there is nothing"),
        };
        let reply = hyper::Response::builder().status(status);
        let reply = reply
            .header("content-type", kind)
            .header("x-release", "1.1.0");
        reply
            .body(Bytes::from(body).into())
            .expect("the headers are literals")
    });
    server.expect("a port is free")
}

/// Runs the gate with the section as it was drafted.
fn run(section: &str, server: &HttpServer, allow: &str, arguments: &[&str]) -> Ran {
    let text = format!(
        "version: 1\nproject: cal\nenvironments:\n  staging:\n    url: {}\n    allow: {allow}\n    \
         services:\n      web:\n        target:\n          command: {{ deploy: [x], stop: [x], \
         stable: ['127.0.0.1:1'], canary: [] }}\nservices:\n  web: {{ identity: {{ header: \
         {{ name: x-release, path: /id }} }} }}\n{section}",
        server.url()
    );
    Sandbox::with_file(&text).run(arguments)
}

const PRIVATE: &str = "{ private_addresses: true }";

#[test]
fn a_section_from_openapi_passes_against_the_service_it_describes() {
    let server = service();
    let section = section("pets.yaml", PETS, &["--url", &server.url()]);
    for words in [
        &format!("#     url: {}\n#     allow: {PRIVATE}\n", server.url()),
        "# GET /pets: List all pets: #1\n",
        "# - POST /pets: it changes something\n",
        "# - GET /owners/{id}: the document gives no example of the parameter `id`\n",
        "          $.id: { is: uuid }\n",
    ] {
        assert!(section.contains(words), "{words}\n{section}");
    }
    let plan = run(&section, &server, PRIVATE, &["--plan"]);
    plan.ends(0, &["/v1/pets?limit=10"]);
    run(&section, &server, PRIVATE, &[]).ends(0, &["2 probes hold"]);
    // The same service with a wrong answer does not.
    let wrong = section.replace("is: array", "is: object");
    run(&wrong, &server, PRIVATE, &[]).ends(1, &["which must be an object"]);
}

#[test]
fn an_operation_behind_a_token_becomes_a_door() {
    let document = r##"{"openapi": "3.0.3", "security": [{"bearer": []}], "paths": {"/me": {"get": {
        "responses": {"200": {}, "401": {"headers": {"WWW-Authenticate": {}}}}}}},
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}}}"##;
    let section = section("api.json", document, &[]);
    let door =
        "    - auth:\n        name: GET /me\n        path: /me\n        token: \"${TOKEN}\"\n";
    assert!(section.contains(door), "{section}");
    assert!(
        section.contains("#   TOKEN: a token that is let in\n"),
        "{section}"
    );
}

#[test]
fn a_section_from_hurl_passes_against_the_service_it_describes() {
    let server = service();
    let hurl = "# Is it alive?\nGET {{base}}/health\n[Query]\nfull: 1\nHTTP 200\n\
                Content-Type: application/json\n[Asserts]\njsonpath \"$.status\" == \"ok\"\n\
                jsonpath \"$.parts\" count == 2\njsonpath \"$.parts[*].name\" contains \"db\"\n\
                jsonpath \"$.error\" not exists\nheader \"x-release\" matches /^1\\./\n\
                duration < 5000\nxpath \"//a\" exists\n\nGET {{base}}/nowhere\nHTTP 404\n[Asserts]\n\
                body contains \"nothing\"\n";
    let drafted = section("api.hurl", hurl, &["--url", &server.url()]);
    assert!(
        drafted.contains("# - api.hurl:14: `xpath \"//a\" exists`"),
        "{drafted}"
    );
    run(&drafted, &server, PRIVATE, &["--plan"]).ends(0, &["/health?full=1"]);
    run(&drafted, &server, PRIVATE, &[]).ends(0, &["2 probes hold"]);
    // What would be a variable here is none there.
    let post = "POST http://localhost:1/echo\n{\"text\": \"${HOME}\"}\nHTTP 201\n";
    let drafted = section("post.hurl", post, &[]);
    assert!(drafted.contains("#     allow: { methods: [POST], private_addresses: true }"));
    let allow = "{ methods: [POST], private_addresses: true }";
    run(&drafted, &server, allow, &[]).ends(0, &["1 probe holds"]);
}

#[test]
fn a_section_from_compose_passes_against_the_service_it_describes() {
    let server = service();
    let (open, closed) = (server.address().port(), support::ports::free_ports(1));
    let closed = closed.expect("a port is free")[0];
    let compose = format!(
        "services:\n  web:\n    ports: ['{open}:3000']\n    expose: ['{closed}']\n    healthcheck:\n      \
         test: curl -f http://localhost:3000/health?full=1\n  cache: {{ image: redis }}\n"
    );
    // A cache on this machine is none of this test.
    let section = section("compose.yaml", &compose, &["--url", &server.url()]);
    assert!(
        section.contains("# - redis: { name: cache, cache: cache }"),
        "{section}"
    );
    let section = section.replace("6379, ", "").replace(", 6379", "");
    run(&section, &server, PRIVATE, &["--plan"]).ends(0, &["/health?full=1"]);
    run(&section, &server, PRIVATE, &[]).ends(0, &["2 probes hold"]);
}

#[test]
fn a_document_that_describes_nothing_is_refused_with_one_line() {
    let deep = "[".repeat(200_000);
    let deep_json = "{\"a\":".repeat(200_000);
    let circle = "{openapi: 3.0.3, paths: {/a: {get: {$ref: '#/paths/~1b/get'}}, \
                  /b: {get: {$ref: '#/paths/~1a/get'}}}}";
    let huge = vec![b'x'; 33 << 20];
    for (name, document, words) in [
        ("a.yaml", &b""[..], "a.yaml: the document has no `openapi`"),
        (
            "a.yaml",
            b"\xff\xfe",
            "a.yaml: the document cannot be read: it is not UTF-8",
        ),
        ("a.yaml", b"a: [", "a.yaml:1:4: unclosed bracket"),
        (
            "a.json",
            b"{\"a\": 1,}",
            "a.json:1:9: the document is no JSON",
        ),
        ("a.yaml", deep.as_bytes(), "recursion limit"),
        (
            "a.json",
            deep_json.as_bytes(),
            "the document is no JSON: recursion limit",
        ),
        (
            "a.yaml",
            &huge,
            "a.yaml: the document cannot be read: it is larger than 32768 KiB",
        ),
        ("a.yaml", b"swagger: '2.0'", "is of Swagger 2"),
        (
            "a.yaml",
            b"openapi: 4.0.0\npaths: {}",
            "is of OpenAPI 4.0.0",
        ),
        ("a.yaml", b"openapi: 3.0.0", "has no `paths`"),
        (
            "a.yaml",
            b"{openapi: 3.0.0, paths: {}}",
            "nothing in it can be asked",
        ),
        (
            "a.yaml",
            circle.as_bytes(),
            "has a `$ref` that leads round in a circle",
        ),
        ("a.hurl", b"hello", "a.hurl:1:1: here a request is expected"),
        (
            "a.hurl",
            b"GET http://h\nHTTP 200\n[Asserts]\nbody == \"x\n",
            "a.hurl:4:9: the text is not",
        ),
        (
            "compose.yaml",
            b"a: 1",
            "compose.yaml: the document has no `services`",
        ),
    ] {
        let (code, stdout, stderr) = drafted(name, document, &[]);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{words}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains(words), "{words}: {stderr}");
    }
    let (code, _, stderr) = drafted("a.hurl", b"GET http://h", &["--url", "nonsense"]);
    assert_eq!(code, Some(2));
    assert!(
        stderr.contains("`--url nonsense` is no address"),
        "{stderr}"
    );
}
