import { type OutputUnit, Validator } from "@cfworker/json-schema";

import {
  isJsonObject,
  keyPath,
  problemAt,
  type Finding,
  type Json,
  type JsonObject,
  type Problem,
  quote,
  withoutRepeats,
} from "@keelson/model";

import { explainFault } from "./fault.ts";
import { lookUp, pointerOf, segmentsOf } from "./json-pointer.ts";
import { withKnownMatches } from "./known-matches.ts";
import type { Origin, Segments } from "./layer.ts";
import { branchesOf, itemBranches, propertyBranches } from "./schema-walk.ts";
import type { SettingsSchema } from "./schema.ts";
import { type SettingMap, originAt, valueOf } from "./setting-tree.ts";

/** Keywords whose errors only lead to the error that counts. */
const wrappers = new Set([
  "properties",
  "patternProperties",
  "additionalProperties",
  "unevaluatedProperties",
  "propertyNames",
  "items",
  "prefixItems",
  "unevaluatedItems",
  "allOf",
  "if",
  "dependentSchemas",
]);

/** Keywords whose own error is enough: why each alternative failed is noise. */
const summaries = new Set(["anyOf", "oneOf", "not", "contains"]);

/** Each error is compared with each, and nobody reads more. */
const maxErrors = 3_000;

/**
 * What the layered values break in the schema: each at the place where the value was written (K1202), what is
 * required and missing at `missingAt` (K1206).
 */
export function validateSettings(
  schema: SettingsSchema,
  { tree, missingAt }: { tree: SettingMap; missingAt: Origin },
): Problem[] {
  const values = valueOf(tree);
  const errors = runValidator(schema, values);
  if (typeof errors === "string") {
    const message = `the schema cannot be applied: ${errors}`;
    return [problemAt(schema.located, { code: "K1204", path: "", message })];
  }
  const checking: Checking = { schema, tree, values, missingAt };
  const telling = errors.filter((error) => !wrappers.has(error.keyword) && !isSummarized(error, errors));
  const problems = telling.flatMap((error) =>
    error.keyword === "required" ? missingProblems(checking, error) : [faultProblem(checking, error)],
  );
  return withoutRepeats(problems);
}

interface Checking {
  schema: SettingsSchema;
  tree: SettingMap;
  values: Json;
  missingAt: Origin;
}

function runValidator(schema: SettingsSchema, values: Json): OutputUnit[] | string {
  try {
    // A copy also because the validator writes notes of its own into the schema.
    const known = withKnownMatches(schema.root, { values, test: schema.test });
    const { errors } = new Validator(known.schema, "2020-12", false).validate(values);
    return eachPlaceOnce(errors)
      .slice(0, maxErrors)
      .map((error) => ({ ...error, keywordLocation: known.locationOf(error.keywordLocation) }));
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  }
}

/** The validator gives an error `required` for each missing key; one of them is enough, since it leads to all. */
function eachPlaceOnce(errors: readonly OutputUnit[]): OutputUnit[] {
  const seen = new Set<string>();
  return errors.filter(({ keyword, keywordLocation, instanceLocation }) => {
    const place = JSON.stringify([keywordLocation, instanceLocation]);
    return keyword !== "required" || (!seen.has(place) && seen.add(place));
  });
}

function isSummarized(error: OutputUnit, errors: readonly OutputUnit[]): boolean {
  return errors.some(
    ({ keyword, keywordLocation }) =>
      summaries.has(keyword) && error.keywordLocation.startsWith(`${keywordLocation}/`),
  );
}

function faultProblem(checking: Checking, error: OutputUnit): Problem {
  const { segments, found } = instanceOf(checking, error);
  const { code, message, hint } = explainFault({
    keyword: error.keyword,
    rule: lookUp(checking.schema.root, pointerOf(error.keywordLocation)),
    found: error.keywordLocation.includes("/propertyNames/") ? String(segments.at(-1)) : found,
    otherwise: error.error,
  });
  const origin = originAt(checking.tree, segments);
  const subject = segments.length === 0 ? "the settings" : quote(keyPath(segments));
  const said: Finding = { code, path: origin.path, message: `${subject}: ${message}`, part: "value" };
  return problemAt(origin.located, { ...said, hint: hint ?? descriptionAt(checking.schema, segments) });
}

function missingProblems(checking: Checking, error: OutputUnit): Problem[] {
  const { segments, found } = instanceOf(checking, error);
  const required = lookUp(checking.schema.root, pointerOf(error.keywordLocation));
  const keys = (Array.isArray(required) ? required : []).map(String);
  const { located, path } = originOfMissing(checking, segments);
  return keys
    .filter((key) => isJsonObject(found) && !Object.hasOwn(found, key))
    .map((key) => {
      const message = `the setting ${quote(keyPath([...segments, key]))} is missing`;
      const hint = descriptionAt(checking.schema, [...segments, key]) ?? "give it a value in the environment";
      return problemAt(located, { code: "K1206", path, message, hint });
    });
}

function instanceOf(
  { values }: Checking,
  error: OutputUnit,
): { segments: Segments; found: Json | undefined } {
  const pointer = pointerOf(error.instanceLocation);
  return { segments: segmentsOf(values, pointer), found: lookUp(values, pointer) };
}

/** Inside a list or a map that a person wrote, there; otherwise at the environment's settings. */
function originOfMissing({ tree, missingAt }: Checking, segments: Segments): Origin {
  const origin = originAt(tree, segments);
  return segments.length === 0 || origin.kind === "release" ? missingAt : origin;
}

function descriptionAt(schema: SettingsSchema, segments: Segments): string | undefined {
  let branches: readonly JsonObject[] = branchesOf(schema.root);
  for (const segment of segments) {
    branches =
      typeof segment === "number"
        ? itemBranches(branches, segment)
        : (propertyBranches(branches, { key: segment, test: schema.test }) ?? []);
  }
  const described = branches.find(({ description }) => typeof description === "string")?.["description"];
  return typeof described === "string" ? described : undefined;
}
