import { emptyRecord } from "@keelson/model";
import { expect, it } from "vitest";

import { node } from "./desired-fixture.ts";
import { changed } from "./node-fixture.ts";
import { planOf } from "./plan-fixture.ts";
import { emptyObserved } from "./simulate.ts";

const ask = (value: string, service: string) => ({ kind: "secretEnvironment" as const, value, service });

it("a service with secrets in its environment must be told in every plan, by their names", () => {
  const desired = node({ mail: { services: { db: {}, web: {} } }, wiki: { services: { app: {} } } });
  const fresh = { desired, observed: emptyObserved, record: emptyRecord };
  const using = changed(fresh, ({ desired: { instances } }) =>
    instances[0]?.grants.push(ask("PASSWORD", "db"), ask("TOKEN", "db")),
  );
  expect(planOf(using).notices).toEqual([
    {
      resource: "service:lab-mail/db",
      code: "K1341",
      message:
        "lab-mail/db has secrets PASSWORD, TOKEN in its environment: whoever has the engine can read them",
    },
  ]);
  expect(planOf(fresh).notices).toEqual([]);
});
