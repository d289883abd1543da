import { describe, expect, it } from "vitest";

import { uniqueName } from "../../support/index.ts";
import { withPlatform } from "../platform.ts";

const name = uniqueName("m");
const at = (app: string, file = "compose.yaml") => `apps/${app}/${file}`;
const service = (more = "") => `services:\n  web: { image: "IMAGES/web:1"${more} }\n`;

/** Each stage of the path has a mistake, in an instance of its own. */
const faults: Record<string, { files: Record<string, string>; code: string }> = {
  "file-limit": { files: { "page.html": "x".repeat(17 * 1024 * 1024) }, code: "K2020" },
  "compose-limit": { files: { "compose.yaml": `# ${"x".repeat(200 * 1024)}\n${service()}` }, code: "K1418" },
  manifest: { files: { "package.yaml": "update: { order: sideways }\n" }, code: "K1003" },
  rendered: {
    files: {
      "package.yaml": "files: [{ template: site.json.liquid, to: site.json }]\n",
      "site.json.liquid": "{ title: {{ instance.name }}\n",
    },
    code: "K1303",
  },
  template: { files: { "package.yaml": 'variables: { A: "{{ settings.nothing }}" }\n' }, code: "K1302" },
  reference: { files: { "compose.yaml": "include: [../nowhere.yaml]\n" }, code: "K1407" },
  gate: { files: { "compose.yaml": service(", cgroup_parent: x") }, code: "K1401" },
  grant: { files: { "compose.yaml": service(", cap_add: [NET_ADMIN]") }, code: "K1401" },
  refused: { files: { "compose.yaml": service(", ports: [nonsense]") }, code: "K1420" },
  model: { files: { "package.yaml": "data: { nothing: { format: 1 } }\n" }, code: "K1311" },
  "port-a": { files: { "compose.yaml": service(', ports: ["127.0.0.1:18080:80"]') }, code: "K1312" },
  // Of two that want one port, it is told once.
  "port-b": { files: { "compose.yaml": service(', ports: ["127.0.0.1:18080:80"]') }, code: "" },
  settings: { files: {}, code: "K1130" },
  empty: { files: { "compose.yaml": "", "notes.txt": "moved?\n" }, code: "K1416" },
};

const files = {
  [`environments/${name}/environment.yaml`]: `name: ${name}
discover: [{ path: "apps/*" }]
instances:
  settings: { package: ./apps/settings, settings: { NOBODY_ASKS: 1 } }
  nowhere: { package: ./apps/nowhere }
`,
  [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
  [at("well")]: service(),
  ...Object.fromEntries(
    Object.entries(faults).flatMap(([app, fault]) =>
      Object.entries({ "compose.yaml": service(), ...fault.files }).map(([file, text]) => [
        at(app, file),
        text,
      ]),
    ),
  ),
};

describe("a repository of Compose folders with a mistake of each stage", () => {
  it("must tell all of them in one check, and in one round that applies the others", async () => {
    await withPlatform({ name, files }, async (platform) => {
      const check = await platform.keelson(["check", "--json"]);
      const problems: { code: string; message: string; file: string }[] = JSON.parse(check.stdout).problems;
      const codes = problems.map(({ code }) => code).sort();
      const wanted = Object.values(faults).flatMap(({ code }) => (code === "" ? [] : [code]));
      // Of `nowhere`.
      expect(codes).toEqual([...wanted, "K1120"].sort());

      const plan = await platform.keelson(["plan", "--from", "none", "--json"]);
      const planned: { code: string }[] = JSON.parse(plan.stdout).problems;
      expect(planned.map(({ code }) => code).sort()).toEqual(codes);

      const round = await platform.reconcile();
      const told = round.status.errors.filter(({ code }) => code !== "K3051");
      expect(told.map(({ code }) => code).sort()).toEqual(codes);
      const held = [...Object.keys(faults), "nowhere"].sort();
      expect(round.status.instances.filter((each) => each.held).map((each) => each.name)).toEqual(held);
      expect((await platform.containers()).map(({ project }) => project)).toEqual([`${name}-well`]);
    });
  });
});
