import type * as z from "zod";

import {
  AgentConfig,
  Environment,
  ImageLock,
  isJsonObject,
  LocalPackageDocument,
  Lock,
  NodeDocument,
  Package,
  Release,
  type Json,
  type JsonObject,
} from "@keelson/model";

import { shapeOf } from "./document-shape.ts";

interface SchemaSource {
  title: string;
  description: string;
  schema: z.ZodType;
}

const sources: Record<string, SchemaSource> = {
  release: {
    title: "Keelson release",
    description: "releases/<name>/<version>/release.yaml: the packages, settings and secrets of one version.",
    schema: Release,
  },
  package: {
    title: "Keelson package",
    description:
      "releases/<name>/<version>/packages/<package>/package.yaml: what is deployed as one Compose project.",
    schema: Package,
  },
  "local-package": {
    title: "Keelson local package",
    description:
      "package.yaml of a local package: what its Compose folder cannot say by itself. It needs none.",
    schema: LocalPackageDocument,
  },
  environment: {
    title: "Keelson environment",
    description: "environments/<name>/environment.yaml: the desired state of one platform.",
    schema: Environment,
  },
  node: {
    title: "Keelson node",
    description: "environments/<environment>/nodes/<node>.yaml: one machine of the environment.",
    schema: NodeDocument,
  },
  lock: {
    title: "Keelson lock",
    description: "environments/<name>/lock.yaml: the exact versions, which are all that a node follows.",
    schema: Lock,
  },
  "images-lock": {
    title: "Keelson lock of images",
    description:
      "images.lock.yaml of a release or a local package: which digests the tags of its images named.",
    schema: ImageLock,
  },
  agent: {
    title: "Keelson agent",
    description: "/etc/keelson/agent.yaml: what a node must know before it can read its desired state.",
    schema: AgentConfig,
  },
};

/** The JSON Schemas (2020-12) of all documents as text, by file name; the same text on every machine. */
export function jsonSchemas(): Map<string, string> {
  return new Map(
    Object.entries(sources).map(([name, { title, description, schema }]) => {
      const { $schema, ...shape } = shapeOf(schema);
      const document = withoutNoise({ $schema: $schema ?? null, title, description, ...shape });
      return [`${name}.schema.json`, `${JSON.stringify(document, null, 2)}\n`];
    }),
  );
}

/** Without the limit that zod gives every whole number: it means nothing to a person. */
function withoutNoise(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNoise);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(
    ([key, item]) => !(key === "maximum" && item === Number.MAX_SAFE_INTEGER),
  );
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutNoise(item)])) satisfies JsonObject;
}
