/** A field of a document as its JSON Schema knows it. */
export interface Field {
  /** `files[].template`; `<name>` stands for the keys of a map. */
  path: string;
  /** `required`, the default in the notation of YAML, or empty. */
  preset: string;
}

interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
  default?: unknown;
}

/** Every field that a schema permits, at any depth, in the order of the schema. */
export function fieldsOf(schema: Schema, path = ""): Field[] {
  const { properties = {}, required = [], additionalProperties: values, items, anyOf = [] } = schema;
  const own = Object.entries(properties).flatMap(([name, property]) => {
    const below = path === "" ? name : `${path}.${name}`;
    const preset = required.includes(name) ? "required" : presetOf(property);
    return [{ path: below, preset }, ...fieldsOf(property, below)];
  });
  const inMap = typeof values === "object" ? fieldsOf(values, `${path}.<name>`) : [];
  const inList = items === undefined ? [] : fieldsOf(items, `${path}[]`);
  // In one form of several a field is not required of every document.
  const inForms = anyOf.flatMap((form) => fieldsOf({ ...form, required: [] }, path));
  return [...own, ...inMap, ...inList, ...inForms];
}

/** A default in the notation of YAML; empty where there is none, or one of several fields. */
export function presetOf({ default: preset }: { default?: unknown }): string {
  return typeof preset === "string" || typeof preset === "number" || typeof preset === "boolean"
    ? String(preset)
    : "";
}
