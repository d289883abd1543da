import { digestBytes, digestValue, secretPlaceholder } from "@keelson/model";
import { describe, expect, test } from "vitest";

import {
  build,
  corePackage,
  desiredOf,
  platform,
  problemText,
  render,
  secretsOf,
  serviceOf,
  withFile,
  withService,
} from "./fixture.ts";

const placeholder = secretPlaceholder("sample.adminKey");
const used = withService("app", { environment: { URL: `u:${placeholder}@db/$$x`, PLAIN: "x" } });
const manifest = `${corePackage}/package.yaml`;
/** What the package gives to its Compose file. */
const given = {
  [manifest]: (platform[manifest] ?? "").replace(
    "variables:\n",
    'variables:\n  KEY: "{{ secrets.adminKey }}"\n',
  ),
};
/** Of a node whose one value is this. */
const withValue = (value: string) => ({
  ...secretsOf(),
  digestContent: (content: Uint8Array, names: readonly string[]) => {
    const filled = new TextDecoder().decode(content).replace(placeholder, value);
    return names.length === 0 ? digestBytes(content) : digestValue(["keyed", filled]);
  },
});

describe("a secret in an environment", () => {
  const path = "environments/lab/environment.yaml";
  const allow = "policy: { allow: { sample/core: { secretEnvironment: [URL] } } }\n";
  const desired = desiredOf({ ...given, [path]: `${platform[path]}${allow}` }, { models: used });

  test("is a variable of Compose in the model that runs, and what it reaches is told", () => {
    const [core] = desired.instances;
    expect(core?.compose.services["app"]?.environment).toEqual({
      URL: "u:${KEELSON_SECRET_sample__adminKey?}@db/$$x",
      PLAIN: "x",
    });
    expect(core?.grants).toEqual([{ kind: "secretEnvironment", value: "URL", service: "app" }]);
    expect(JSON.stringify(desired)).not.toContain(placeholder);
  });

  test("counts by its keyed digest, for exactly the service that has it", () => {
    const digestsOf = (value: string, name: string) =>
      serviceOf(desiredOf(given, { models: used, secrets: withValue(value) }), `core/${name}`).digests;
    const [before, after] = [digestsOf("one", "app"), digestsOf("two", "app")];
    for (const [index, { digest, parts }] of before.entries()) {
      expect(after[index]?.digest).not.toBe(digest);
      const changed = Object.keys(parts).filter((part) => after[index]?.parts[part] !== parts[part]);
      expect(changed).toEqual(["environment"]);
    }
    expect(digestsOf("two", "nginx")).toEqual(digestsOf("one", "nginx"));
  });

  test("is a problem where the node has no value of it, said once, or one that no environment holds", () => {
    const { rendered } = render(given);
    expect(problemText(build(rendered, { models: used, secrets: secretsOf([]) }).problems))
      .toMatchInlineSnapshot(`
        "error[K5002] releases/sample/1.0.0/packages/core/compose.yaml:2:3 secret sample.adminKey has no value on this node
           2 |   app:
             |   ^
          hint: Put it into the secrets file of the node: sample: { adminKey: … }
        "
      `);
    const secrets = {
      ...secretsOf(),
      findEnvironmentFault: (entry: string) => `refuses ${entry.length} bytes`,
    };
    expect(problemText(build(rendered, { models: used, secrets }).problems)).toMatchInlineSnapshot(`
      "error[K1340] releases/sample/1.0.0/packages/core/compose.yaml:2:3 the environment variable URL of service app cannot carry sample.adminKey: its value on this node refuses 47 bytes
         2 |   app:
           |   ^
        hint: Render the secret into a file, and bind that file.
      "
    `);
    const alsoInFile = withFile("{ template: config/key.liquid, to: secrets/a }", {
      "config/key.liquid": "{{ secrets.adminKey }}",
    });
    const both = build(render(alsoInFile).rendered, { models: used, secrets: secretsOf([]) });
    expect(both.problems.map(({ code }) => code)).toEqual(["K5002"]);
  });

  test("is a problem where a Compose file spells it out, and no template gave it", () => {
    const { problems } = build(render().rendered, { models: used, secrets: secretsOf() });
    expect(problems.map(({ code, path: at }) => [code, at])).toEqual([
      ["K1309", "services.app.environment.URL"],
    ]);
  });
});
