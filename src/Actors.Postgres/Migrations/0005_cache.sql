-- Results that flows keep for a while, over runs. The key is a hash.
CREATE TABLE cache (
    tenant      text   COLLATE "C" NOT NULL,
    key         text   COLLATE "C" NOT NULL,
    payload     bytea  NOT NULL,
    expires_at  bigint NOT NULL,
    PRIMARY KEY (tenant, key)
);
CREATE INDEX cache_expired ON cache (expires_at);
