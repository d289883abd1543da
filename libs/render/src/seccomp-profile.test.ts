import { describe, expect, test } from "vitest";

import {
  build,
  desiredOf,
  problemText,
  render,
  repositoryOf,
  serviceOf,
  withFile,
  withService,
} from "./fixture.ts";

const profile = '{ "defaultAction": "SCMP_ACT_ERRNO" }';
const confined = withService("app", { security_opt: ["no-new-privileges", "seccomp:./seccomp/strict.json"] });
const entry = (more = "") => `{ from: strict.json, to: seccomp/strict.json${more} }`;
const changes = (text = profile, more = "") => withFile(entry(more), { "strict.json": text });
const problemsOf = (changed: Record<string, string>, models = confined) =>
  build(render(changed).rendered, { models, repository: repositoryOf(changed) }).problems.map(
    ({ code, message, path }) => `${code} ${path} ${message}`,
  );

describe("a seccomp profile of the package", () => {
  test("is placed on the node, where Compose reads it, and counts in the service's digest", () => {
    const desired = desiredOf(changes(), { models: confined });
    const [instance] = desired.instances;
    const mount = instance?.mounts.find(({ source }) => source === "seccomp/strict.json");
    expect(mount).toMatchObject({ kind: "file", layout: "content", services: ["app"] });
    expect(instance?.compose.services["app"]?.security_opt).toEqual([
      "no-new-privileges",
      `seccomp=@keelson:instance@/${mount?.target}`,
    ]);
    const other = desiredOf(changes('{ "defaultAction": "SCMP_ACT_ALLOW" }'), { models: confined });
    const digestOf = (of: typeof desired, service: string) => serviceOf(of, service).digests[0].digest;
    expect(digestOf(other, "core/app")).not.toBe(digestOf(desired, "core/app"));
    expect(digestOf(other, "core/nginx")).toBe(digestOf(desired, "core/nginx"));
  });

  test("is a committed JSON object that is read once", () => {
    expect(problemsOf(changes())).toEqual([]);
    const refused = (...args: Parameters<typeof changes>) => problemsOf(changes(...args)).join();
    expect(refused("[]")).toContain(
      "K1333 services.app.security_opt the seccomp profile seccomp/strict.json is not a JSON object",
    );
    expect(refused("{")).toContain("is not a JSON object");
    expect(refused(profile, ", onChange: restart")).toContain("K1333 services.app.security_opt");
    expect(refused(profile, ", writable: true")).toContain("K1333 services.app.security_opt");
    const missing = withService("app", { security_opt: ["seccomp=other.json"] });
    expect(problemsOf(changes(), missing).join()).toContain(
      "is not a committed file, or a container may write it",
    );
  });

  test("holds no secret, and the problem has the way out", () => {
    const text = '{ "defaultAction": "{{ secrets.adminKey }}" }';
    const secret = withFile("{ template: strict.json.liquid, to: seccomp/strict.json, mode: '0400' }", {
      "strict.json.liquid": text,
    });
    expect(problemsOf(secret).join()).toContain("holds a secret");
    const { rendered } = render(secret);
    const { problems } = build(rendered, { models: confined, repository: repositoryOf(secret) });
    expect(problemText(problems)).toContain("or use seccomp=unconfined, with a grant.");
  });
});
