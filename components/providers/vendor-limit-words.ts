import { limitExact } from '@/components/limits/limit-words'
import type { ProviderLimit } from '@/lib/contract/entities'

/** `30,000 tokens in 60 s of gpt-4o`, `500 requests in 60 s`. */
export function vendorLimitExact(limit: ProviderLimit): string {
  return limit.model === null ? limitExact(limit) : `${limitExact(limit)} of ${limit.model}`
}
