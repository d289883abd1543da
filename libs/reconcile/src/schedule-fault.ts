import {
  type Located,
  type Package,
  type Problem,
  type Repository,
  keyPath,
  problemAt,
} from "@keelson/model";

import { openTimetable } from "./timetable.ts";

/** K1440 for each schedule of a package by which nothing would ever run, or by which nobody knows when. */
export async function findScheduleFaults({ packages }: Repository): Promise<Problem[]> {
  const scheduled = packages.flatMap(({ package: document }) => listSchedules(document));
  if (scheduled.length === 0) return [];
  const { findScheduleFault } = await openTimetable();
  return scheduled.flatMap(({ document, service, cron, timeZone }) => {
    const fault = findScheduleFault({ cron, timeZone });
    if (fault === null) return [];
    const { key, because } = fault;
    const said = key === "schedule" ? `\`${cron}\` is no schedule` : `\`${timeZone}\` is no time zone`;
    return [
      problemAt(document, {
        code: "K1440",
        path: keyPath(["services", service, key]),
        part: "value",
        message: `${said}: ${because}`,
        hint: 'Write five fields of cron, such as "0 3 * * *", and a time zone such as Europe/Zurich.',
      }),
    ];
  });
}

function listSchedules(document: Located<Package>) {
  return Object.entries(document.value.services).flatMap(([service, role]) =>
    typeof role === "string" ? [] : [{ document, service, cron: role.schedule, timeZone: role.timeZone }],
  );
}
