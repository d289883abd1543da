const objectId = /^[0-9a-f]{40}$/;

/** Whether a text is the full id of an object in Git's default format, SHA-1. Loads nothing. */
export function isObjectId(text: string): boolean {
  return objectId.test(text);
}
