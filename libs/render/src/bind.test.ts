import type { ComposeModel, OnChange, RenderedFile } from "@keelson/model";
import { required } from "@keelson/model";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { render, secretsOf } from "./fixture.ts";
import { buildBinds } from "./bind.ts";

const anyPath = fc
  .array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join("/"));

const anyFile = fc.record({
  to: anyPath.map((folder) => `${folder}/x.conf`),
  onChange: fc.constantFrom<OnChange>("restart", "recreate", "none"),
  writable: fc.boolean(),
  content: fc.constantFrom("one", "two"),
});

const anyFiles = fc.uniqueArray(anyFile, { minLength: 1, maxLength: 6, selector: ({ to }) => to });

/** Binds of folders and files that may lie in one another. */
const anyBinds = fc.uniqueArray(
  fc.oneof(
    anyPath,
    anyFile.map(({ to }) => to),
  ),
  { minLength: 1 },
);

const [instance] = required(render().rendered, "rendered node").instances;

test("nothing is bound from below what containers may write, whatever binds what", () => {
  let tried = 0;
  const property = fc.property(anyFiles, anyBinds, (files, sources) => {
    const {
      binds: { mounts },
    } = buildBinds(
      { ...required(instance, "instance"), files: files.map(rendered) },
      { model: modelThatBinds(sources), secrets: secretsOf(), repository: undefined },
    );
    for (const outer of mounts.filter(({ writable }) => writable)) {
      const inside = mounts.filter(({ target }) => target.startsWith(`${outer.target}/`));
      const same = mounts.filter(({ target }) => target === outer.target);
      expect({ inside, same }).toEqual({ inside: [], same: [outer] });
      tried += mounts.length > 1 ? 1 : 0;
    }
  });
  fc.assert(property, { numRuns: 300 });
  expect(tried).toBeGreaterThan(20);
});

function rendered(file: {
  to: string;
  onChange: OnChange;
  writable: boolean;
  content: string;
}): RenderedFile {
  const { content, ...rest } = file;
  const bytes = new TextEncoder().encode(content);
  return { ...rest, content: bytes, template: "x", entry: 0, mode: 0o644, owner: null, secrets: [] };
}

function modelThatBinds(sources: readonly string[]): ComposeModel {
  const volumes = sources.map((source) => ({ type: "bind", source, target: `/${source}` }));
  const empty = { networks: {}, volumes: {}, secrets: {}, configs: {} };
  return { name: "lab-core", services: { app: { image: "app:1", volumes } }, ...empty };
}
