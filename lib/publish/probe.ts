import 'server-only'
import type { ProviderEntity } from '../contract/entities.ts'
import type { ProviderTest } from '../resources/providers/schema.ts'
import { publishingRuntime } from './runtime.ts'

/**
 * Reaches a provider through a gateway and tells what came of it. Without `model` its models are listed; with it one
 * small call is made, outside the books. It takes 17 seconds at most, and resolves also when all goes wrong.
 * @throws what the database throws when it is away.
 */
export function probe(provider: ProviderEntity, model?: string): Promise<ProviderTest> {
  return publishingRuntime().probes.run(provider, model)
}
