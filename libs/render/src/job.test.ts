import type { ComposeService } from "@keelson/model";
import { describe, expect, test } from "vitest";

import {
  build,
  corePackage,
  desiredOf,
  platform,
  problemText,
  render,
  repositoryOf,
  serviceOf,
  withService,
} from "./fixture.ts";

const packagePath = `${corePackage}/package.yaml`;

const saying = (line: string) => ({ [packagePath]: `${platform[packagePath] ?? ""}services: ${line}\n` });

/** What `app` is: in core another service (not in the way of any rule) waits for `nginx` to be started. */
function kindOf(service: Partial<ComposeService>, changes: Record<string, string> = {}): string {
  const { oneShot, endAwaited } = serviceOf(
    desiredOf(changes, { models: withService("app", service) }),
    "core/app",
  );
  return `${oneShot ? "job" : "server"}${endAwaited ? ", end awaited" : ""}`;
}

const awaited = (condition: "service_healthy" | "service_completed_successfully") =>
  withService("nginx", { depends_on: { app: { condition } } });

const check = { healthcheck: { test: ["CMD", "true"] } };
const port = { ports: [{ target: 80, published: "80" }] };
const deploy = (condition: string) => ({ deploy: { restart_policy: { condition } } });

describe("by Compose's words, a service is", () => {
  test.each<[string, Partial<ComposeService>]>([
    ["no policy", {}],
    ["no", { restart: "no" }],
    ["on-failure", { restart: "on-failure" }],
    ["on-failure with a number", { restart: "on-failure:3" }],
    ["none in deploy", deploy("none")],
    ["on-failure in deploy", deploy("on-failure")],
    ["deploy before restart", { restart: "always", ...deploy("none") }],
    ["a health check that is switched off", { healthcheck: { test: ["NONE"] } }],
  ])("a job with %s", (_, service) => {
    expect(kindOf(service)).toBe("job");
  });

  test.each<[string, Partial<ComposeService>]>([
    ["always", { restart: "always" }],
    ["unless-stopped", { restart: "unless-stopped" }],
    ["any in deploy", deploy("any")],
    ["deploy before restart", { restart: "no", ...deploy("any") }],
    ["a health check", { restart: "no", ...check }],
    ["a published port", { restart: "on-failure", ...port }],
  ])("a server with %s", (_, service) => {
    expect(kindOf(service)).toBe("server");
  });

  test("a server when somebody waits for it to be healthy, and a job when somebody waits for its end", () => {
    const { oneShot } = serviceOf(desiredOf({}, { models: awaited("service_healthy") }), "core/app");
    expect(oneShot).toBe(false);
    const ending = serviceOf(
      desiredOf({}, { models: awaited("service_completed_successfully") }),
      "core/app",
    );
    expect(ending).toMatchObject({ oneShot: true, endAwaited: true });
    const started = serviceOf(desiredOf({}), "core/nginx");
    expect(started).toMatchObject({ oneShot: true, endAwaited: false });
  });
});

test("the word of package.yaml wins", () => {
  expect(kindOf({}, saying("{ app: server }"))).toBe("server");
  expect(kindOf({ ...check, ...port }, saying("{ app: job }"))).toBe("job");
  const models = awaited("service_completed_successfully");
  expect(serviceOf(desiredOf(saying("{ app: job }"), { models }), "core/app").endAwaited).toBe(true);
});

describe("a word of package.yaml that the Compose file contradicts", () => {
  const problemsOf = (line: string, models = withService("app", {})) => {
    const changes = saying(line);
    return problemText(
      build(render(changes).rendered, { models, repository: repositoryOf(changes) }).problems,
    );
  };

  test("is one about a service that is not there", () => {
    expect(problemsOf("{ ap: job }")).toMatchInlineSnapshot(`
      "error[K1432] releases/sample/1.0.0/packages/core/package.yaml:10:13 services names \`ap\`, which compose.yaml does not have
        10 | services: { ap: job }
           |             ^
        hint: Services there: app, nginx.
      "
    `);
  });

  test("is a server for whose end another service waits", () => {
    expect(problemsOf("{ app: server }", awaited("service_completed_successfully"))).toMatchInlineSnapshot(`
      "error[K1433] releases/sample/1.0.0/packages/core/package.yaml:10:18 \`app\` is a server here, and another service waits until it has ended
        10 | services: { app: server }
           |                  ^
        hint: Make it a job, or let the other one wait for service_started or service_healthy.
      "
    `);
  });

  test.each([{ restart: "always" }, { restart: "unless-stopped" }, deploy("any")])(
    "is a job that is started again for ever: %j",
    (service) => {
      const text = problemsOf("{ app: job }", withService("app", service));
      expect(text).toContain(
        "error[K1434] releases/sample/1.0.0/packages/core/compose.yaml:2:3 `app` is a job",
      );
    },
  );
});

describe("a service with a schedule", () => {
  const scheduled = saying('{ app: { schedule: "0 3 * * *", timeZone: Europe/Zurich, timeout: 90m } }');
  const scheduledProblems = (models: ReturnType<typeof withService>) =>
    problemText(build(render(scheduled).rendered, { models, repository: repositoryOf(scheduled) }).problems);

  test("is a job for which nothing is to run between its times", () => {
    const desired = desiredOf(scheduled, { models: withService("app", { scale: 3, ...port }) });
    expect(serviceOf(desired, "core/app")).toMatchObject({
      oneShot: true,
      endAwaited: false,
      replicas: 0,
      schedule: { cron: "0 3 * * *", timeZone: "Europe/Zurich", timeoutMs: 90 * 60_000 },
    });
  });

  test.each<[string, Partial<ComposeService>]>([
    ["waits for it", { depends_on: { app: { condition: "service_started" } } }],
    ["lives in its network", { network_mode: "service:app" }],
  ])("is a problem when another one %s", (_, service) => {
    expect(scheduledProblems(withService("nginx", service))).toContain("error[K1441]");
  });

  test("is a problem when the engine would start it again for ever", () => {
    expect(scheduledProblems(withService("app", { restart: "always" }))).toContain("error[K1434]");
  });
});
