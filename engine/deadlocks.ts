const ATTEMPTS = 3;

/**
 * Runs psql again where its transaction met another session's locks in the opposite order (autovacuum's, on tables that
 * were just filled): it has left nothing behind.
 */
export async function despiteDeadlocks<T extends { readonly code: number; readonly stderr: string }>(
  psql: () => Promise<T>,
): Promise<T> {
  let result = await psql();
  for (
    let attempt = 1;
    attempt < ATTEMPTS && result.code !== 0 && /^(psql:\S+ )?ERROR: .*deadlock detected$/m.test(result.stderr);
    attempt += 1
  )
    result = await psql();
  return result;
}
