-- Results that flows keep for a while, over runs. The key is a hash.
CREATE TABLE cache (
    tenant      TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    payload     BLOB    NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
);
CREATE INDEX cache_expired ON cache (expires_at);
