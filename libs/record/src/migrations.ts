/** Each migration brings the record from the version of its index to the next one. Released migrations never change. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE containers (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    service TEXT NOT NULL
  ) STRICT;
  -- One row: what was last applied completely.
  CREATE TABLE applied (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    value TEXT NOT NULL
  ) STRICT;
  CREATE TABLE service_parts (
    service TEXT PRIMARY KEY,
    parts TEXT NOT NULL
  ) STRICT;
  CREATE TABLE compose_models (
    inputs_digest TEXT PRIMARY KEY,
    model TEXT NOT NULL,
    used INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE rounds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    commit_id TEXT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    result TEXT
  ) STRICT;
  CREATE TABLE operations (
    round_id INTEGER NOT NULL REFERENCES rounds (id) ON DELETE CASCADE,
    operation_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    resource TEXT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    result TEXT,
    PRIMARY KEY (round_id, operation_id)
  ) STRICT;
  `,
  `
  -- One row: the branch, the commit that was followed last, and one that a human accepted.
  CREATE TABLE followed (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    branch TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    accepted TEXT
  ) STRICT;
  `,
  `
  -- The last round that had begun by then: clocks jump. Null in a record of an earlier version.
  ALTER TABLE applied ADD COLUMN round_id INTEGER;
  `,
  `
  CREATE TABLE networks (
    name TEXT PRIMARY KEY,
    id TEXT NOT NULL
  ) STRICT;
  `,
  `
  -- A row for each branch: the commit that was followed last, and one that a person accepted.
  CREATE TABLE followed_branches (
    branch TEXT PRIMARY KEY,
    commit_id TEXT NOT NULL,
    accepted TEXT
  ) STRICT;
  INSERT INTO followed_branches SELECT branch, commit_id, accepted FROM followed;
  DROP TABLE followed;
  ALTER TABLE followed_branches RENAME TO followed;
  `,
  `
  -- What a container is accepted for, whatever its label says.
  CREATE TABLE accepted (
    container_id TEXT PRIMARY KEY REFERENCES containers (id) ON DELETE CASCADE,
    algorithm TEXT NOT NULL,
    digest TEXT NOT NULL
  ) STRICT;
  -- What earlier versions noted is of the first algorithm.
  ALTER TABLE service_parts ADD COLUMN algorithm TEXT NOT NULL DEFAULT 'v1';
  `,
  `
  -- Names of what an operation makes, as JSON: services as project/service, or a network.
  ALTER TABLE operations ADD COLUMN makes TEXT NOT NULL DEFAULT '[]';
  -- Earlier versions had them in the resource: network:<name>, service:<project>/<service> and
  -- services:<project>/{<service>,<service>}.
  UPDATE operations SET makes = json_array(substr(resource, length('network:') + 1))
    WHERE kind = 'create-network';
  UPDATE operations SET makes = json_array(substr(resource, length('service:') + 1))
    WHERE kind = 'create-containers' AND resource LIKE 'service:%';
  UPDATE operations SET makes = (
    WITH parts (project, names) AS (
      SELECT
        substr(resource, length('services:') + 1, instr(resource, '{') - length('services:') - 1),
        substr(resource, instr(resource, '{') + 1, length(resource) - instr(resource, '{') - 1)
    )
    SELECT '["' || project || replace(names, ',', '","' || project) || '"]' FROM parts
  )
  WHERE kind = 'create-containers' AND resource LIKE 'services:%';
  `,
  `
  -- Volumes that are here, or were; users is JSON, a list of instance/service.
  CREATE TABLE volumes (
    name TEXT PRIMARY KEY,
    users TEXT NOT NULL,
    package TEXT NOT NULL,
    is_left INTEGER NOT NULL
  ) STRICT;
  -- How far commands.<instance>.renew was followed.
  CREATE TABLE renewed (
    instance TEXT PRIMARY KEY,
    count INTEGER NOT NULL
  ) STRICT;
  `,
  `
  -- used, unused, given-up or lost. What nothing used before has been given up by nobody, as far as is known.
  ALTER TABLE volumes ADD COLUMN state TEXT NOT NULL DEFAULT 'used';
  UPDATE volumes SET state = 'unused' WHERE is_left = 1;
  ALTER TABLE volumes DROP COLUMN is_left;
  `,
  `
  -- What docker update could change of a container, as it was seen first; JSON.
  CREATE TABLE limits (
    container_id TEXT PRIMARY KEY REFERENCES containers (id) ON DELETE CASCADE,
    limits TEXT NOT NULL
  ) STRICT;
  `,
  `
  -- Jobs that run by a schedule, by project/service; running and last are JSON.
  CREATE TABLE scheduled_jobs (
    name TEXT PRIMARY KEY,
    instance TEXT NOT NULL,
    service TEXT NOT NULL,
    cron TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    timeout_ms INTEGER NOT NULL,
    accounted_at TEXT NOT NULL,
    missed INTEGER NOT NULL DEFAULT 0,
    running TEXT,
    last TEXT
  ) STRICT;
  `,
  `
  -- Ends of containers by themselves, as rounds have seen them.
  CREATE TABLE crashes (
    container_id TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
    ended_at TEXT NOT NULL,
    exit_code INTEGER NOT NULL,
    PRIMARY KEY (container_id, ended_at)
  ) STRICT;
  `,
  `
  -- By user, where its containers have the volume; JSON. Earlier versions did not note it.
  ALTER TABLE volumes ADD COLUMN places TEXT NOT NULL DEFAULT '{}';
  `,
  `
  -- Data folders that are here, or were, by absolute path; users and placed are JSON.
  CREATE TABLE folders (
    path TEXT PRIMARY KEY,
    instance TEXT NOT NULL,
    source TEXT NOT NULL,
    package TEXT NOT NULL,
    users TEXT NOT NULL,
    was_filled INTEGER NOT NULL,
    state TEXT NOT NULL,
    placed TEXT NOT NULL
  ) STRICT;
  `,
  `
  -- What carries no label of ours and was taken over: containers and networks by id, volumes by name.
  CREATE TABLE adopted (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    instance TEXT NOT NULL,
    PRIMARY KEY (kind, id)
  ) STRICT;
  `,
];
