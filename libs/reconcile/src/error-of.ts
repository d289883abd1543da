/** The error that a step throws; null when it throws none. */
export async function errorOf(step: () => Promise<void>): Promise<unknown> {
  try {
    await step();
    return null;
  } catch (error) {
    return error;
  }
}

/** What a step returns, or `otherwise` with what it throws: one failure must not keep the rest of a status back. */
export async function settle<T>(step: () => Promise<T>, otherwise: T): Promise<{ value: T; error: unknown }> {
  try {
    return { value: await step(), error: null };
  } catch (error) {
    return { value: otherwise, error };
  }
}
