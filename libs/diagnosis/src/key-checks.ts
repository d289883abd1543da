import { existsSync } from "node:fs";

import { connectEngine, containersOnly, observeEngine } from "@keelson/engine";
import { KeelsonError, count, madeHere } from "@keelson/model";
import { findLockHolders } from "@keelson/record";
import { openSecrets } from "@keelson/secrets";
import { requireTrusted } from "@keelson/store";
import { lockPath, recordPath } from "@keelson/node";

import { withoutConfig } from "./config-checks.ts";
import { type ExaminedNode, engineTimeoutMs } from "./examined-node.ts";
import { type Verdict, attempt, failed, failure, ok, skipped } from "./verdict.ts";

const lostKeyHint =
  "Restore the key from a copy, or name the right file in keyFile; with another one, what runs here counts as foreign.";

export async function examineKey(node: ExaminedNode): Promise<Verdict> {
  const { keyFile } = node;
  const record = await node.record;
  if (existsSync(keyFile)) {
    const secrets = await openKey(node);
    return secrets instanceof KeelsonError ? failed(secrets) : ok(keyFile);
  }
  if (record instanceof KeelsonError) return failure(`there is no ${keyFile}`, lostKeyHint);
  const made = Object.keys(record?.containers ?? {}).length;
  if (made === 0) return ok(`${keyFile} is not there yet: the first round makes it`);
  return failure(`${keyFile} is gone, and was used for ${count(made, "container")} [K5006]`, lostKeyHint);
}

export async function examineRecord(node: ExaminedNode): Promise<Verdict> {
  const path = recordPath(node);
  const record = await node.record;
  if (record === null) return ok(`${path} is not there yet: the first round makes it`);
  if (!(record instanceof KeelsonError)) {
    const made = count(Object.keys(record.containers).length, "container");
    const { applied } = record;
    return ok(`${path}: ${made}, ${applied === null ? "nothing" : applied.commit.slice(0, 8)} applied`);
  }
  // A copy that is taken while a round writes can be torn.
  if (findLockHolders(lockPath(node)).length > 0)
    return skipped("a round is writing to it; run the check again");
  return failed(record);
}

/** Whether the containers of the record carry labels that this key has made. */
export async function examineOwnership(node: ExaminedNode): Promise<Verdict> {
  const { config, dockerHost } = node;
  if (config instanceof KeelsonError) return skipped(withoutConfig);
  const record = await node.record;
  if (record instanceof KeelsonError) return skipped("the record cannot be read");
  if (record === null || Object.keys(record.containers).length === 0) {
    return skipped("nothing was made here yet");
  }
  const secrets = existsSync(node.keyFile) ? await openKey(node) : null;
  if (secrets === null || secrets instanceof KeelsonError) return skipped("the key cannot be read");
  if ((await node.engine) instanceof KeelsonError) return skipped("the engine does not answer");
  const engine = connectEngine({
    ...(dockerHost === undefined ? {} : { dockerHost }),
    timeoutMs: engineTimeoutMs,
  });
  const { environment } = config;
  const { ownershipOf } = secrets;
  const observed = await attempt(async () =>
    observeEngine(engine, { environment, ...containersOnly, ownershipOf, madeHere: madeHere(record) }),
  );
  if (observed instanceof KeelsonError) return failed(observed);
  // What was adopted carries no label that a key could have made.
  const adopted = record.adopted?.containers ?? {};
  const recorded = observed.containers.filter(
    ({ id }) => record.containers[id] !== undefined && adopted[id] === undefined,
  );
  const strange = recorded.filter(({ ownership }) => ownership !== "ours");
  if (strange.length > 0) {
    const found = `another key was used for ${strange.length} of ${count(recorded.length, "container")}`;
    return failure(`${found}, such as ${strange[0]?.name}`, lostKeyHint);
  }
  return ok(`${count(recorded.length, "container")} made with this key`);
}

/** Only for an existing key: none is made. */
async function openKey({ keyFile }: ExaminedNode) {
  return await attempt(async () => {
    requireTrusted(keyFile, "the node's key");
    return openSecrets({ keyFile, secretsFile: null, ageKeyFile: null });
  });
}
