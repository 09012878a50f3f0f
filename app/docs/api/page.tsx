import type { Metadata } from 'next'
import Link from 'next/link'
import { DocsFrame } from '@/components/api-reference/docs-frame'
import { Method } from '@/components/api-reference/endpoint'
import { groupByTag } from '@/components/api-reference/openapi'
import { CodeBlock } from '@/components/ui/code-block'
import { PageHead } from '@/components/ui/page-head'
import { apiDocument, tagLinks } from './document'

export const metadata: Metadata = { title: 'API reference' }
// Addresses and version are those of the process that answers, not of the build.
export const dynamic = 'force-dynamic'

export default function ApiReferencePage() {
  const api = apiDocument()
  const groups = groupByTag(api)
  const url = api.servers[0]?.url ?? ''
  return (
    <DocsFrame nav={{ label: 'Endpoints by subject', links: tagLinks(groups) }}>
      <PageHead
        title="API reference"
        description={`Everything that the console does, it does through this API. Version ${api.info.version}.`}
      />
      <div className="mb-8 grid max-w-4xl gap-3">
        <p>
          Call it with an access token from{' '}
          <Link href="/access-tokens" className="text-accent underline">
            Access tokens
          </Link>
          . Bodies and answers are JSON. A change answers once the gateways have it:{' '}
          <code className="font-mono text-xs">x-gatehouse-applied: 2/2</code>. Errors are problems (RFC 9457)
          with a{' '}
          <Link href="/docs/errors" className="text-accent underline">
            code
          </Link>
          .
        </p>
        <CodeBlock
          title="A first call"
          code={`export GATEHOUSE_TOKEN=gha_…\ncurl "${url}/me" -H "Authorization: Bearer $GATEHOUSE_TOKEN"`}
        />
        <p className="text-sm text-muted">
          Lists take <code className="font-mono text-xs">limit</code>,{' '}
          <code className="font-mono text-xs">cursor</code>, <code className="font-mono text-xs">q</code> and{' '}
          <code className="font-mono text-xs">sort</code>, and answer{' '}
          <code className="font-mono text-xs">{'{data, nextCursor}'}</code>. A PATCH leaves what is absent,
          clears what is null, and replaces what has a value.
        </p>
      </div>
      {groups.map((group) => (
        <section key={group.slug} className="mb-6" aria-labelledby={`tag-${group.slug}`}>
          <h2 id={`tag-${group.slug}`} className="mb-1 text-lg font-semibold">
            <Link href={`/docs/api/${group.slug}`} className="hover:underline">
              {group.tag}
            </Link>
          </h2>
          <ul className="overflow-hidden rounded-card border bg-surface">
            {group.endpoints.map(({ method, path, operation }) => (
              <li key={operation.operationId} className="border-t first:border-t-0">
                <Link
                  href={`/docs/api/${group.slug}#${operation.operationId}`}
                  className="flex flex-wrap items-center gap-x-3 gap-y-0.5 px-3 py-2 -outline-offset-2 hover:bg-hover"
                >
                  <Method method={method} />
                  <code className="font-mono text-xs break-all">{path}</code>
                  <span className="text-sm text-muted sm:ml-auto">{operation.summary}</span>
                </Link>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </DocsFrame>
  )
}
