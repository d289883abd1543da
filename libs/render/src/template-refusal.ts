import { type Problem, problemOf } from "@keelson/model";

/** Thrown inside the template engine for what the library permits and Keelson does not; never leaves this room. */
export class TemplateRefusal extends Error {
  readonly code: string;
  readonly hint: string;

  constructor({ code = "K1301", message, hint }: { code?: string; message: string; hint: string }) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** The value is filled in on the node: a template can only change or read its placeholder. */
export function hiddenSecret(what: string, does: "change" | "look into"): TemplateRefusal {
  return new TemplateRefusal({
    code: "K1309",
    message: `${what} cannot ${does} a secret: its value is known only on the node`,
    hint: "Write the secret as it is, {{ secrets.<name> }}.",
  });
}

/** The problems of a step; a refusal for its cost is a problem at the beginning of the file. */
export function unlessPaid(template: string, run: () => Problem[] | void): Problem[] {
  try {
    return run() ?? [];
  } catch (error) {
    if (!(error instanceof TemplateRefusal)) throw error;
    const { code, message, hint } = error;
    return [problemOf(template, { code, message, hint })];
  }
}
