import { type Json, type JsonObject, isJsonObject } from "@keelson/model";

/** Of a thousand settings with ten rules each, a hundredth; each step may make an error, which the validator keeps. */
const maxSteps = 200_000;

/** Comparisons of whole values in the time of one step. */
const comparisonsPerStep = 50;

/**
 * Whether a validator would have to apply too many rules to too many values, such as a list of alternatives to each item of
 * a long list. It counts the rules as a validator applies them, and ends at the limit.
 */
export function costsTooMuch(schema: JsonObject, values: Json): boolean {
  let steps = 0;
  const apply = (rule: Json | undefined, value: Json): void => {
    if (rule === undefined || steps > maxSteps) return;
    steps++;
    if (!isJsonObject(rule)) return;
    for (const each of onTheSame(rule)) apply(each, value);
    if (Array.isArray(rule["enum"])) steps += rule["enum"].length / comparisonsPerStep;
    if (Array.isArray(value)) {
      if (rule["uniqueItems"] === true) steps += value.length ** 2 / comparisonsPerStep;
      for (const [index, item] of value.entries()) for (const each of onItem(rule, index)) apply(each, item);
    } else if (isJsonObject(value)) {
      for (const [key, part] of Object.entries(value)) {
        apply(rule["propertyNames"], key);
        for (const each of onProperty(rule, key)) apply(each, part);
      }
    }
  };
  apply(schema, values);
  return steps > maxSteps;
}

function onTheSame(rule: JsonObject): Json[] {
  const lists = ["allOf", "anyOf", "oneOf"].flatMap((key) => listOf(rule[key]));
  const single = ["not", "if", "then", "else"].flatMap((key) => rule[key] ?? []);
  return [...lists, ...single, ...Object.values(mapOf(rule["dependentSchemas"]))];
}

function onItem(rule: JsonObject, index: number): Json[] {
  const own = listOf(rule["prefixItems"])[index];
  return [own, rule["items"], rule["contains"], rule["unevaluatedItems"]].filter(
    (each) => each !== undefined,
  );
}

function onProperty(rule: JsonObject, key: string): Json[] {
  const properties = mapOf(rule["properties"]);
  const own = Object.hasOwn(properties, key) ? properties[key] : undefined;
  const others = [rule["additionalProperties"], rule["unevaluatedProperties"]];
  const patterned = Object.values(mapOf(rule["patternProperties"]));
  return [own, ...others, ...patterned].filter((each) => each !== undefined);
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function mapOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
