"""What the gateway allows: tokens, cookies, origins, and the other plugins, in Kong's order of precedence."""
import hashlib
import hmac
import time

import pytest

from gateway_support import Gateway, Upstream, bearer, consumer, plugin, route, service
from lib import tokens
from lib.http import check_error

ORIGIN = "https://desk.example"
JWT = {"key_claim_name": "iss", "claims_to_verify": ["exp"], "cookie_names": ["access_token"],
       "uri_param_names": ["token"], "run_on_preflight": False}


@pytest.fixture(scope="module")
def upstream():
    with Upstream() as echo:
        yield echo


@pytest.fixture(scope="module")
def gateway(upstream):
    services = [
        service("open", upstream, route("/open")),
        service("guarded", upstream, route("/guarded"), route("/guarded/limited", plugins=[
            plugin("request-size-limiting", allowed_payload_size=10, size_unit="bytes")]),
                plugins=[plugin("jwt", **JWT)]),
        service("strict", upstream, route("/strict"), plugins=[plugin("jwt", maximum_expiration=60)]),
    ]
    with Gateway(services=services, consumers=[consumer("${JWT_SECRET}", custom_id="fleet")],
                 plugins=[plugin("cors", origins=[ORIGIN, r"https://.*\.staff\.example"], credentials=True,
                                 methods=["GET", "POST"], headers=["Authorization", "Content-Type"],
                                 exposed_headers=["ETag"], max_age=600)],
                 env={"JWT_PREVIOUS_SECRETS": "an-older-secret-of-the-fleet-0123456789",
                      "ALLOWED_ORIGINS": "https://extra.example"}) as program:
        yield program


# ---- tokens -----------------------------------------------------------------------------------------

def signed(payload):
    """A token whose claims are these bytes, properly signed."""
    text = tokens.base64url(b'{"alg": "HS256", "typ": "JWT"}') + "." + tokens.base64url(payload)
    return text + "." + tokens.base64url(hmac.new(tokens.SECRET.encode(), text.encode(), hashlib.sha256).digest())


def refused(answer, message):
    body = check_error(answer, 401, "UNAUTHENTICATED")
    assert body["message"] == message
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer realm=")
    assert ('error="invalid_token"' in challenge) == (message != "Unauthorized")


def test_no_token(gateway, upstream):
    before = len(upstream.requests)
    for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer "}, {"Authorization": "Bearer"},
                    {"Cookie": "other=x"}):
        refused(gateway.http.get("/guarded", headers=headers), "Unauthorized")
    assert len(upstream.requests) == before


def test_a_good_token_passes_and_names_its_consumer(gateway):
    token = tokens.mint(7)
    seen = dict(gateway.http.get("/guarded", 200, headers=bearer(token)).json()["headers"])
    assert seen["Authorization"] == f"Bearer {token}"
    assert seen["X-Consumer-Username"] == "people" and seen["X-Consumer-Custom-ID"] == "fleet"
    assert seen["X-Credential-Identifier"] == tokens.ISSUER
    gateway.http.get("/guarded", 200, headers={"authorization": f"bearer  {token} "})
    gateway.http.get("/guarded", 200, headers=bearer(tokens.mint_service()))
    gateway.http.get("/guarded", 200, headers=bearer(tokens.mint(7, sub=7)))


def test_previous_secrets_are_good_for_tokens_of_the_fleet(gateway):
    gateway.http.get("/guarded", 200,
                     headers=bearer(tokens.mint(7, secret="an-older-secret-of-the-fleet-0123456789")))


NOW = int(time.time())
NONE = {"alg": "none", "typ": "JWT"}


@pytest.mark.parametrize("token, message", [
    ("garbage", "Bad token; invalid JSON"),
    ("a.b.c", "Bad token; invalid JSON"),
    (tokens.mint(1, secret="wrong"), "Invalid signature"),
    (tokens.mint(1)[:-2], "Invalid signature"),
    (tokens.mint(1) + "x", "Invalid signature"),
    (tokens.mint(1, iss="someone"), "No credentials found for given 'iss'"),
    (tokens.mint(1, iss=None), "No mandatory 'iss' in claims"),
    (tokens.mint(1, ttl=-10), "token expired"),
    (tokens.mint(1, exp="tomorrow"), "the token's claims are not valid"),
    (tokens.mint(1, nbf=NOW + 3600), "token not valid yet"),
    (tokens.mint(1, token_type="refresh"), "Invalid token type"),
    (tokens.mint(1, token_type="mfa"), "Invalid token type"),
    (tokens.encode({"iss": tokens.ISSUER, "user_id": 1, "exp": NOW + 3600}, header=NONE).rsplit(".", 1)[0] + ".",
     "Bad token; invalid JSON"),
    (tokens.encode({"iss": tokens.ISSUER, "user_id": 1, "exp": NOW + 3600}, header=NONE), "Invalid algorithm"),
    (tokens.encode({"iss": tokens.ISSUER, "user_id": 1, "exp": NOW + 3600}, header={"alg": "HS512", "typ": "JWT"}),
     "Invalid algorithm"),
    (tokens.mint(1, name="x" * 9000), "Bad token; invalid JSON"),
    (signed(b"{not json"), "Bad token; invalid JSON"),
    (signed(b"[1, 2]"), "Bad token; invalid JSON"),
    (signed(b'{"iss": "tts-jwt-issuer", "sub": "\xff\xfe"}'), "Bad token; invalid JSON"),
    (tokens.mint(1).replace(".", "=.", 1), "Bad token; invalid JSON"),
    (tokens.mint(1).replace(".", "+/.", 1), "Bad token; invalid JSON"),
    (tokens.mint(1, exp=None), "the token's claims are not valid"),
], ids=["word", "dots", "secret", "cut", "longer", "issuer", "no-issuer", "expired", "exp-type", "nbf", "refresh", "mfa",
        "none-unsigned", "none", "hs512", "long", "no-json", "no-object", "no-utf8", "padding", "alphabet", "no-exp"])
def test_bad_tokens(gateway, upstream, token, message):
    before = len(upstream.requests)
    refused(gateway.http.get("/guarded", headers=bearer(token)), message)
    assert len(upstream.requests) == before


def test_too_long_a_life_is_refused_where_asked(gateway):
    refused(gateway.http.get("/strict", headers=bearer(tokens.mint(1))), "exceeds maximum allowed expiration")
    gateway.http.get("/strict", 200, headers=bearer(tokens.mint(1, ttl=30)))


def test_tokens_in_query_and_cookie(gateway):
    token = tokens.mint(7)
    assert gateway.http.get(f"/guarded?a=1&token={token}", 200).json()["line"].split()[1] == f"/?a=1&token={token}"
    gateway.http.get("/guarded", 200, headers={"Cookie": f"a=b; access_token={token}"})
    refused(gateway.http.get("/guarded", headers={"Cookie": "access_token=bad"}), "Bad token; invalid JSON")
    refused(gateway.http.get(f"/guarded?jwt={token}"), "Unauthorized")


def test_tokens_never_reach_the_log(gateway):
    token = tokens.mint(7)
    gateway.http.get(f"/guarded?token={token}x")
    gateway.http.get("/guarded", headers=bearer(token + "x"))
    assert token not in gateway.log_text()


# ---- cookies and origins ----------------------------------------------------------------------------

@pytest.mark.parametrize("method, origin, status", [
    ("GET", None, 200), ("GET", "https://evil.example", 200), ("POST", None, 403),
    ("POST", "https://evil.example", 403), ("POST", "null", 403), ("DELETE", "https://evil.example", 403),
    ("POST", ORIGIN, 200), ("PUT", "https://extra.example", 200), ("POST", "https://a.staff.example", 200),
    ("POST", "https://a.staff.example.evil.example", 403),
])
def test_changes_by_cookie_need_an_allowed_origin(gateway, method, origin, status):
    headers = {"Cookie": f"access_token={tokens.mint(7)}"}
    if origin:
        headers["Origin"] = origin
    answer = gateway.http.request(method, "/guarded", headers=headers)
    assert answer.status_code == status
    if status == 403:
        check_error(answer, 403, "FORBIDDEN")


def test_the_gateways_own_origin_is_allowed(gateway):
    gateway.http.post("/guarded", expect=200, headers={"Cookie": f"access_token={tokens.mint(7)}",
                                                       "Origin": gateway.url})


def test_a_bearer_token_needs_no_origin(gateway):
    gateway.http.post("/guarded", expect=200, headers=bearer(tokens.mint(7)))
    gateway.http.post("/guarded", expect=200, headers={**bearer(tokens.mint(7)), "Origin": "https://evil.example"})


def test_open_routes_refuse_foreign_origins_with_a_session_cookie(gateway):
    cookie = {"Cookie": "access_token=x"}
    check_error(gateway.http.post("/open", headers={**cookie, "Origin": "https://evil.example"}), 403, "FORBIDDEN")
    gateway.http.post("/open", expect=200, headers={**cookie, "Origin": ORIGIN})
    gateway.http.post("/open", expect=200, headers=cookie)
    gateway.http.post("/open", expect=200, headers={"Origin": "https://evil.example"})


# ---- CORS -------------------------------------------------------------------------------------------

PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


@pytest.mark.parametrize("path", ["/open", "/guarded", "/guarded/x"])
def test_preflight(gateway, upstream, path):
    before = len(upstream.requests)
    answer = gateway.http.options(path, 200, headers={"Origin": ORIGIN, **PREFLIGHT})
    assert answer.content == b""
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET,POST"
    assert answer.headers["Access-Control-Allow-Headers"] == "Authorization,Content-Type"
    assert answer.headers["Access-Control-Max-Age"] == "600" and answer.headers["Vary"] == "Origin"
    assert len(upstream.requests) == before


def test_a_foreign_preflight_gets_no_permission(gateway):
    answer = gateway.http.options("/open", 200, headers={"Origin": "https://evil.example", **PREFLIGHT})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_options_without_a_preflight_go_to_the_upstream(gateway):
    assert gateway.http.options("/open", 200).json()["line"].startswith("OPTIONS / ")


@pytest.mark.parametrize("path, status", [("/open", 200), ("/guarded", 401), ("/none", 404)])
def test_every_answer_carries_cors_headers(gateway, path, status):
    answer = gateway.http.get(path, status, headers={"Origin": ORIGIN})
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Expose-Headers"] == "ETag"
    answer = gateway.http.get(path, status, headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers and answer.headers["Vary"] == "Origin"
    answer = gateway.http.get(path, status, headers={"Origin": "https://extra.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://extra.example"


def test_the_upstreams_cors_headers_do_not_count():
    def answer(_):
        return (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nVary: Accept\r\nAccess-Control-Allow-Origin: *\r\n"
                b"Access-Control-Allow-Credentials: true\r\n\r\n")
    with Upstream(answer) as upstream:
        with Gateway(services=[service("s", upstream, route("/"), route("/any", plugins=[plugin("cors")]))],
                     plugins=[plugin("cors", origins=[ORIGIN])]) as program:
            one = program.http.get("/", 200, headers={"Origin": ORIGIN})
            assert one.headers["Access-Control-Allow-Origin"] == ORIGIN
            assert "Access-Control-Allow-Credentials" not in one.headers
            assert one.headers["Vary"] == "Accept, Origin"
            other = program.http.get("/any", 200, headers={"Origin": "https://x.example"})
            assert other.headers["Access-Control-Allow-Origin"] == "*"


def test_a_preflight_finds_the_route_of_the_announced_method(upstream):
    with Gateway(services=[service("s", upstream, route("/only", methods=["POST"]))],
                 plugins=[plugin("cors", origins=[ORIGIN])]) as program:
        program.http.options("/only", 200, headers={"Origin": ORIGIN, "Access-Control-Request-Method": "POST"})
        program.http.options("/only", 404, headers={"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"})


# ---- the other plugins ------------------------------------------------------------------------------

def test_rate_limiting_counts_per_token_and_tells_what_is_left(upstream):
    limited = service("s", upstream, route("/"), plugins=[
        plugin("jwt", **JWT), plugin("rate-limiting", hour=3, minute=100, policy="local", fault_tolerant=True)])
    with Gateway(services=[limited], consumers=[consumer("${JWT_SECRET}")]) as program:
        one, other = bearer(tokens.mint(1)), bearer(tokens.mint(2))
        for left in (2, 1, 0):
            answer = program.http.get("/", 200, headers=one)
            assert answer.headers["RateLimit-Limit"] == answer.headers["X-RateLimit-Limit-Hour"] == "3"
            assert answer.headers["RateLimit-Remaining"] == answer.headers["X-RateLimit-Remaining-Hour"] == str(left)
            assert answer.headers["X-RateLimit-Limit-Minute"] == "100"
            assert 0 < int(answer.headers["RateLimit-Reset"]) <= 3600
        answer = program.http.get("/", headers=one)
        body = check_error(answer, 429, "RATE_LIMIT_EXCEEDED")
        assert body["message"] == "API rate limit exceeded" and int(answer.headers["Retry-After"]) > 0
        program.http.get("/", 200, headers=other)


def test_rate_limiting_by_header_and_by_address(upstream):
    services = [service("h", upstream, route("/h"), plugins=[
        plugin("rate-limiting", minute=1, limit_by="header", header_name="X-Key", hide_client_headers=True)]),
                service("a", upstream, route("/a"), plugins=[plugin("rate-limiting", hour=1, limit_by="ip")])]
    with Gateway(services=services) as program:
        answer = program.http.get("/h", 200, headers={"X-Key": "1"})
        assert "RateLimit-Limit" not in answer.headers
        program.http.get("/h", 200, headers={"X-Key": "2"})
        program.http.get("/a", 200, headers={"X-Forwarded-For": "1.2.3.4"})
        program.http.get("/a", 429, headers={"X-Forwarded-For": "4.3.2.1"})


def test_request_size_limiting(gateway):
    token = bearer(tokens.mint(1))
    gateway.http.request("POST", "/guarded/limited", 200, data="x" * 10, headers=token)
    body = check_error(gateway.http.request("POST", "/guarded/limited", data="x" * 11, headers=token), 413,
                       "PAYLOAD_TOO_LARGE")
    assert body["message"] == "Request size limit exceeded"
    gateway.http.request("POST", "/guarded/limited", 200, data=iter([b"x" * 10]), headers=token)
    gateway.http.request("POST", "/guarded/limited", 413, data=iter([b"x" * 10, b"y"]), headers=token)


def test_ip_restriction(upstream):
    services = [service("a", upstream, route("/allowed"), plugins=[plugin("ip-restriction", allow=["127.0.0.0/8"])]),
                service("d", upstream, route("/denied"), plugins=[plugin("ip-restriction", deny=["127.0.0.1"])]),
                service("o", upstream, route("/others"),
                        plugins=[plugin("ip-restriction", allow=["10.0.0.0/8"], message="not from there")])]
    with Gateway(services=services) as program:
        program.http.get("/allowed", 200)
        check_error(program.http.get("/denied"), 403, "FORBIDDEN")
        assert check_error(program.http.get("/others"), 403, "FORBIDDEN")["message"] == "not from there"


def test_transformers():
    with Upstream() as upstream:
        change = {"remove": {"headers": ["X-Gone"]}, "rename": {"headers": ["X-Old:X-New"]},
                  "replace": {"headers": ["X-There: replaced", "X-Absent: no"]},
                  "add": {"headers": ["X-Added: 1", "X-There: no"]}, "append": {"headers": ["X-There: more"]}}
        services = [service("s", upstream, route("/"), plugins=[
            plugin("request-transformer", **change),
            plugin("response-transformer", remove={"headers": ["Content-Type"]}, add={"headers": ["X-Seen: yes"]})])]
        with Gateway(services=services) as program:
            answer = program.http.get("/", 200, headers={"X-Gone": "1", "X-Old": "2", "X-There": "3"})
            headers = [pair for pair in answer.json()["headers"] if pair[0].startswith("X-") and
                       pair[0] in ("X-Gone", "X-Old", "X-New", "X-There", "X-Absent", "X-Added")]
            assert sorted(headers) == [["X-Added", "1"], ["X-New", "2"], ["X-There", "more"], ["X-There", "replaced"]]
            assert "Content-Type" not in answer.headers and answer.headers["X-Seen"] == "yes"


def test_correlation_id(upstream):
    services = [service("s", upstream, route("/numbered", plugins=[plugin("correlation-id")]),
                        route("/echoed", plugins=[plugin("correlation-id", header_name="X-Ref", generator="uuid",
                                                         echo_downstream=True)]))]
    with Gateway(services=services) as program:
        ids = [dict(program.http.get("/numbered", 200).json()["headers"])["Kong-Request-ID"] for _ in range(2)]
        assert [name.rsplit("#", 1)[1] for name in ids] == ["1", "2"]
        answer = program.http.get("/echoed", 200, headers={"X-Ref": "given"})
        assert answer.headers["X-Ref"] == dict(answer.json()["headers"])["X-Ref"] == "given"


def test_the_most_specific_plugin_runs(upstream):
    def limit(count):
        return plugin("rate-limiting", hour=count)
    people = consumer("${JWT_SECRET}", plugins=[limit(1)])
    services = [service("s", upstream, route("/r", plugins=[limit(5)]), route("/s"), plugins=[limit(6)]),
                service("g", upstream, route("/g")),
                service("c", upstream, route("/c"), plugins=[plugin("jwt", **JWT)])]
    with Gateway(services=services, consumers=[people], plugins=[limit(7)]) as program:
        for path, expected in (("/r", "5"), ("/s", "6"), ("/g", "7")):
            assert program.http.get(path, 200).headers["RateLimit-Limit"] == expected
        token = bearer(tokens.mint(1))
        assert program.http.get("/c", 200, headers=token).headers["RateLimit-Limit"] == "1"
        program.http.get("/c", 429, headers=token)


def test_prometheus_counts_in_kongs_names(upstream):
    with Gateway(services=[service("s", upstream, route("/r", name="r"))], plugins=[plugin("prometheus")]) as program:
        program.http.get("/r", 200)
        program.http.get("/r", 200)
        program.http.get("/none", 404)
        text = program.http.get("/metrics", 200).text
        assert ('kong_http_requests_total{service="s",route="r",code="200",source="service",workspace="default",'
                'consumer=""} 2') in text
        assert 'code="404",source="kong"' in text
        assert 'kong_request_latency_ms_count{service="s",route="r",workspace="default"} 2' in text
        assert 'kong_upstream_latency_ms_bucket{service="s"' in text
        assert 'kong_bandwidth_bytes{service="s",route="r",direction="egress"' in text


def test_a_wrong_file_ends_the_start_with_its_line(tmp_path):
    import subprocess
    from lib.paths import binary
    path = tmp_path / "kong.yml"
    path.write_text('_format_version: "3.0"\nplugins:\n  - name: cors\n    config:\n      origns: ["*"]\n')
    for arguments in ([], ["--check-config"]):
        run = subprocess.run([binary("gateway"), *arguments], capture_output=True, text=True, timeout=60, check=False,
                             env={"GATEWAY_CONFIG": str(path), "PORT": "0", "ADMIN_PORT": "0"})
        assert run.returncode == 78
        assert f'{path}:5: cors.config: unknown key "origns"' in run.stderr
