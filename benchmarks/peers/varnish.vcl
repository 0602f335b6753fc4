# Varnish as its experts would: the token is part of the key, so that pages may be cached for it.
vcl 4.1;

backend default { .host = "127.0.0.1"; .port = "${upstream}"; }

sub vcl_recv {
    return (hash);
}

sub vcl_hash {
    hash_data(req.url);
    hash_data(req.http.Authorization);
    return (lookup);
}

sub vcl_backend_response {
    set beresp.ttl = 2h;
    unset beresp.http.Vary;
    return (deliver);
}
