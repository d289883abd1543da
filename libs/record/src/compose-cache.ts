import type { DatabaseSync } from "node:sqlite";
import type { ComposeModel } from "@keelson/model";

/** Resolved Compose models by the digest of their inputs. */
export interface ComposeCache {
  /** Null when the cache does not have it (any more). */
  readComposeModel: (inputsDigest: string) => ComposeModel | null;
  /** Keeps the model. Of more than 200 models it drops those that were not used for the longest time. */
  saveComposeModel: (inputsDigest: string, model: ComposeModel) => void;
}

const modelsKept = 200;

/** The cache in this database. Reads are noted only with the next save: a round without changes must write nothing. */
export function openComposeCache(database: DatabaseSync): ComposeCache {
  const readSinceSaved = new Set<string>();
  return {
    readComposeModel: (inputsDigest) => {
      const row = database
        .prepare("SELECT model FROM compose_models WHERE inputs_digest = ?")
        .get(inputsDigest);
      if (row === undefined) return null;
      readSinceSaved.add(inputsDigest);
      const model: ComposeModel = JSON.parse(String(row["model"]));
      return model;
    },
    saveComposeModel: (inputsDigest, model) => {
      const use = database.prepare(
        `UPDATE compose_models SET used = (SELECT max(used) + 1 FROM compose_models) WHERE inputs_digest = ?`,
      );
      for (const digest of readSinceSaved) use.run(digest);
      readSinceSaved.clear();
      database
        .prepare(
          `INSERT INTO compose_models (inputs_digest, model, used)
           VALUES (?, ?, (SELECT coalesce(max(used), 0) + 1 FROM compose_models))
           ON CONFLICT DO UPDATE SET model = excluded.model, used = excluded.used`,
        )
        .run(inputsDigest, JSON.stringify(model));
      database
        .prepare(
          `DELETE FROM compose_models WHERE inputs_digest NOT IN
             (SELECT inputs_digest FROM compose_models ORDER BY used DESC LIMIT ?)`,
        )
        .run(modelsKept);
    },
  };
}
