# Behind the edge, in front of what runs now: of all who wait for a part one asks an API process, and the answer is for all.
# nginx can do that too (proxy_cache_lock), but looks only every half second whether the answer is there: longer than a part.

vcl 4.1;

import directors;

probe ready {
    .url = "/healthz";
    .interval = 2s;
    .timeout = 2s;
    .window = 3;
    .threshold = 2;
    .initial = 2;
}

# An answer is held for three target durations at the most.
backend api_1 { .host = "api-1"; .port = "8080"; .first_byte_timeout = 30s; .probe = ready; }
backend api_2 { .host = "api-2"; .port = "8080"; .first_byte_timeout = 30s; .probe = ready; }

sub vcl_init {
    new api = directors.round_robin();
    api.add_backend(api_1);
    api.add_backend(api_2);
}

sub vcl_recv {
    set req.backend_hint = api.backend();
    # Channels that are not public are seen by whoever shows a token or the studio's cookie, and by nobody else.
    if ((req.method != "GET" && req.method != "HEAD") || req.http.Authorization
        || req.http.Cookie ~ "(^|;\s*)channel_session=") {
        return (pass);
    }
    unset req.http.Cookie;
    # Of the query only the delivery directives of Low-Latency HLS make another answer, so nothing else of it goes on.
    set req.http.X-Directives = "";
    if (req.url ~ "[?&]_HLS_msn=") {
        set req.http.X-Directives = "&_HLS_msn=" + regsub(req.url, "^.*[?&]_HLS_msn=(\w*).*$", "\1");
    }
    if (req.url ~ "[?&]_HLS_part=") {
        set req.http.X-Directives = req.http.X-Directives + "&_HLS_part="
            + regsub(req.url, "^.*[?&]_HLS_part=(\w*).*$", "\1");
    }
    if (req.url ~ "[?&]_HLS_skip=") {
        set req.http.X-Directives = req.http.X-Directives + "&_HLS_skip="
            + regsub(req.url, "^.*[?&]_HLS_skip=(\w*).*$", "\1");
    }
    set req.url = regsub(req.url, "\?.*$", "") + regsub(req.http.X-Directives, "^&", "?");
    unset req.http.X-Directives;
    return (hash);
}

sub vcl_hash {
    hash_data(req.url);
    return (lookup);
}

sub vcl_backend_response {
    # Players never get what is older than it says.
    set beresp.grace = 0s;
    set beresp.keep = 0s;
    if (!beresp.http.Cache-Control || beresp.http.Cache-Control ~ "no-store|private" || beresp.ttl <= 0s) {
        # Whoever asks for the same within this time goes past the cache, side by side with the others.
        set beresp.uncacheable = true;
        set beresp.ttl = 1s;
    }
    return (deliver);
}

sub vcl_backend_error {
    # The other API process, if there is one.
    if (bereq.retries == 0 && bereq.method == "GET") {
        return (retry);
    }
    set beresp.status = 503;
    set beresp.reason = "Service Unavailable";
    set beresp.http.Content-Type = "application/problem+json";
    set beresp.http.Access-Control-Allow-Origin = "*";
    set beresp.http.Cache-Control = "no-store";
    set beresp.http.Retry-After = "2";
    set beresp.body = {"{"type":"about:blank","title":"Service unavailable","status":503,"code":"unavailable","detail":"No API process answers right now. Try again in two seconds." }"};
    return (deliver);
}

sub vcl_deliver {
    unset resp.http.Via;
    unset resp.http.X-Varnish;
    if (obj.hits > 0) {
        set resp.http.X-Cache = "HIT";
    } else {
        set resp.http.X-Cache = "MISS";
    }
}
