import { type Problem, problemOf } from "@keelson/model";

/** Thrown inside the template engine for what it would let through and we do not; never leaves this room. */
export class TemplateRefusal extends Error {
  readonly code: string;
  readonly hint: string;

  constructor({ code = "K1301", message, hint }: { code?: string; message: string; hint: string }) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** The value is filled in on the node: what is changed or looked at here is only what stands for it. */
export function hiddenSecret(what: string, does: "change" | "look into"): TemplateRefusal {
  return new TemplateRefusal({
    code: "K1309",
    message: `${what} cannot ${does} a secret, whose value is not known here`,
    hint: "Write the secret as it is, {{ secrets.<name> }}.",
  });
}

/** What a step finds, or, at the beginning of the file, that it cannot be paid. */
export function unlessPaid(template: string, run: () => Problem[] | void): Problem[] {
  try {
    return run() ?? [];
  } catch (error) {
    if (!(error instanceof TemplateRefusal)) throw error;
    const { code, message, hint } = error;
    return [problemOf(template, { code, message, hint })];
  }
}
