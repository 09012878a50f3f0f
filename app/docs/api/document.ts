import 'server-only'
import { type OpenApi, slugOf, type TagGroup } from '@/components/api-reference/openapi'
import { openApiDocument } from '@/lib/api/openapi'
import { operations } from '@/lib/resources/registry'

/** The same document that `/api/v1/openapi.json` answers with. */
export function apiDocument(): OpenApi {
  return openApiDocument(operations) as unknown as OpenApi
}

export function tagLinks(groups: readonly TagGroup[], current?: string) {
  return [
    { href: '/docs/api', label: 'All endpoints', current: current === undefined },
    ...groups.map(({ tag, slug }) => ({ href: `/docs/api/${slug}`, label: tag, current: slug === current })),
  ]
}

export function groupBySlug(groups: readonly TagGroup[], slug: string): TagGroup | undefined {
  return groups.find((group) => slugOf(group.tag) === slug)
}
