/** Runs a step and prints one line with its time: `  started Postgres                       0.8 s`. */
export async function step<T>(label: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const result = await work()
  printStep(label, performance.now() - start)
  return result
}

/** As `step`, silent where the work says that there was nothing to do: a second start is quiet. */
export async function stepWhenNeeded(label: string, work: () => Promise<boolean>): Promise<void> {
  const start = performance.now()
  if (await work()) printStep(label, performance.now() - start)
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function printStep(label: string, ms: number): void {
  console.log(`  ${label.padEnd(38)} ${seconds(ms).padStart(7)}`)
}
