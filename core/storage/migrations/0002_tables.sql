-- Tables. Widths of hashes, keys and ids are checked here too, so that no program can store
-- half of one. Columns stand in the order that leaves no gaps between them.

SET LOCAL ROLE nakadachi_owner;

-- One writer each. `epoch` counts the grants of the right to write; `taken_epoch` is the epoch
-- the present writer began with: between the two lie only its own questions about lost answers.
CREATE TABLE nakadachi.lane (
  lane integer PRIMARY KEY CHECK (lane BETWEEN 0 AND 65535),
  epoch bigint NOT NULL DEFAULT 0 CHECK (epoch >= 0),
  taken_epoch bigint NOT NULL DEFAULT 0 CHECK (taken_epoch BETWEEN 0 AND epoch),
  writer text NOT NULL DEFAULT '' CHECK (octet_length(writer) <= 100)
);

CREATE TABLE nakadachi.tenant (
  tenant integer PRIMARY KEY CHECK (tenant > 0),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
  population integer NOT NULL CHECK (population >= 0),
  lane integer NOT NULL REFERENCES nakadachi.lane,
  joined_at timestamptz NOT NULL DEFAULT now()
);

-- Keys of a tenant, wrapped by the root key that the database never sees.
CREATE TABLE nakadachi.tenant_key (
  tenant integer NOT NULL REFERENCES nakadachi.tenant,
  purpose text NOT NULL CHECK (octet_length(purpose) BETWEEN 1 AND 100),
  version integer NOT NULL CHECK (version > 0),
  wrapped bytea NOT NULL CHECK (octet_length(wrapped) BETWEEN 1 AND 65536),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant, purpose, version)
);

-- One row a train: what its signature says. The lane is fenced by a trigger, so there is no
-- foreign key to pay for.
CREATE TABLE nakadachi.train (
  number bigint NOT NULL CHECK (number > 0),
  epoch bigint NOT NULL,
  low_water_bucket bigint NOT NULL CHECK (low_water_bucket BETWEEN 0 AND 4294967295),
  signed_at_ms bigint NOT NULL,
  lane integer NOT NULL,
  rows integer NOT NULL CHECK (rows BETWEEN 1 AND 1024),
  root bytea NOT NULL CHECK (octet_length(root) = 32),
  signer bytea NOT NULL CHECK (octet_length(signer) = 32),
  signature bytea NOT NULL CHECK (octet_length(signature) = 64),
  PRIMARY KEY (lane, number)
);

-- One row a step: state, record (情報提供等記録) and units at once. Partitioned by the
-- time-ordered id, so that a year can be cut off when its retention ends. Readers go through
-- this parent and its row-level security; the train writer has a right on the leaf only.
CREATE TABLE nakadachi.step (
  epoch bigint NOT NULL,
  train bigint NOT NULL,
  tenant integer NOT NULL,
  lane integer NOT NULL,
  outcome integer NOT NULL CHECK (outcome BETWEEN 0 AND 65535),
  step smallint NOT NULL CHECK (step BETWEEN 1 AND 3),
  leaf_index smallint NOT NULL CHECK (leaf_index BETWEEN 0 AND 1023),
  exchange bytea NOT NULL CHECK (octet_length(exchange) = 16),
  salt bytea NOT NULL CHECK (octet_length(salt) = 16),
  leaf bytea NOT NULL CHECK (octet_length(leaf) = 32),
  sealed bytea NOT NULL CHECK (octet_length(sealed) <= 2097152),
  PRIMARY KEY (tenant, exchange, step)
) PARTITION BY RANGE (exchange);

-- Ciphertext does not compress: trying costs time and gains nothing.
ALTER TABLE nakadachi.step ALTER COLUMN sealed SET STORAGE EXTERNAL;

CREATE TABLE nakadachi.step_all PARTITION OF nakadachi.step DEFAULT;
