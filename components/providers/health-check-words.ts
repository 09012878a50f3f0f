/** What an active check does, in a sentence. */
import type { HealthCheck } from '@/lib/contract/health-check'
import { formatDuration } from '@/lib/format/duration'

/** @param baseUrl as it is set, or typed so far */
export function checkSentence(baseUrl: string | null, { path, intervalSeconds }: HealthCheck): string {
  const address = baseUrl ? `${baseUrl.replace(/\/+$/, '')}${path}` : `${path} behind the base URL`
  return `Each gateway asks for ${address} every ${formatDuration(intervalSeconds * 1_000)}.`
}
