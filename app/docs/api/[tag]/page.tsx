import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { DocsFrame } from '@/components/api-reference/docs-frame'
import { Endpoint } from '@/components/api-reference/endpoint'
import { groupByTag } from '@/components/api-reference/openapi'
import { PageHead } from '@/components/ui/page-head'
import { apiDocument, groupBySlug, tagLinks } from '../document'

export const dynamic = 'force-dynamic'

interface Props {
  params: Promise<{ tag: string }>
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const group = groupBySlug(groupByTag(apiDocument()), (await params).tag)
  return { title: group ? `${group.tag}, API reference` : 'API reference' }
}

export default async function ApiTagPage({ params }: Props) {
  const { tag } = await params
  const api = apiDocument()
  const groups = groupByTag(api)
  const group = groupBySlug(groups, tag)
  if (!group) notFound()
  return (
    <DocsFrame nav={{ label: 'Endpoints by subject', links: tagLinks(groups, tag) }}>
      <PageHead title={group.tag} trail={[{ href: '/docs/api', label: 'API reference' }]} />
      {group.endpoints.map((endpoint) => (
        <Endpoint key={endpoint.operation.operationId} api={api} endpoint={endpoint} />
      ))}
    </DocsFrame>
  )
}
