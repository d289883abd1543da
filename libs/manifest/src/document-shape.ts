import * as z from "zod";

import { InvariantError, isJsonObject, type Json, type JsonObject } from "@keelson/model";

const shapes = new WeakMap<z.ZodType, JsonObject>();

/** What a document may hold, as JSON Schema: for suggestions, and for editors. */
export function shapeOf(schema: z.ZodType): JsonObject {
  const known = shapes.get(schema);
  if (known !== undefined) return known;
  const shape: unknown = z.toJSONSchema(schema, { io: "input" });
  if (!isJsonObject(shape)) throw new InvariantError("a JSON Schema that is no map");
  shapes.set(schema, shape);
  return shape;
}

/** The shapes that a path may have: several below a union, none where anything may stand. */
export function shapesAt(shape: Json | undefined, path: readonly PropertyKey[]): JsonObject[] {
  if (!isJsonObject(shape)) return [];
  if (Array.isArray(shape["anyOf"])) return shape["anyOf"].flatMap((branch) => shapesAt(branch, path));
  const [first, ...rest] = path;
  if (first === undefined) return [shape];
  if (typeof first === "number") return shapesAt(shape["items"], rest);
  return shapesAt(propertyOf(shape, String(first)) ?? shape["additionalProperties"], rest);
}

/** The keys that a map of one of these shapes may have. */
export function knownKeys(shapes: readonly JsonObject[]): string[] {
  return [
    ...new Set(shapes.flatMap(({ properties }) => (isJsonObject(properties) ? Object.keys(properties) : []))),
  ];
}

/** Where below these shapes a key is known: `on` for `role`. */
export function parentsOf(shapes: readonly JsonObject[], key: string): string[] {
  return knownKeys(shapes).filter((parent) =>
    knownKeys(shapes.flatMap((shape) => shapesAt(shape, [parent]))).includes(key),
  );
}

/** The description that is nearest to a path. */
export function descriptionAt(shape: JsonObject, path: readonly PropertyKey[]): string | undefined {
  const found = path.length === 0 ? undefined : lookUp(shape, path);
  return typeof found?.["description"] === "string" ? found["description"] : undefined;
}

function lookUp(shape: JsonObject, path: readonly PropertyKey[]): JsonObject | undefined {
  const parents = shapesAt(shape, path.slice(0, -1));
  const last = path.at(-1);
  for (const parent of parents) {
    const child = typeof last === "number" ? parent["items"] : propertyOf(parent, String(last));
    const found = child ?? parent["additionalProperties"];
    if (isJsonObject(found)) return found;
  }
  return undefined;
}

function propertyOf(shape: JsonObject, key: string): Json | undefined {
  const { properties } = shape;
  return isJsonObject(properties) && Object.hasOwn(properties, key) ? properties[key] : undefined;
}
