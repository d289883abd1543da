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
