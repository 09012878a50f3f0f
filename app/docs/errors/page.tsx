import type { Metadata } from 'next'
import { DocsFrame } from '@/components/api-reference/docs-frame'
import { GATEWAY_ADVICE } from '@/components/api-reference/error-advice'
import { Badge } from '@/components/ui/badge'
import { CodeBlock } from '@/components/ui/code-block'
import { PageHead } from '@/components/ui/page-head'
import { PROBLEMS } from '@/lib/api/problem'
import { GATEWAY_ERRORS, type GatewayErrorCode } from '@/lib/contract/error-codes'

export const metadata: Metadata = { title: 'Error codes' }

interface Row {
  code: string
  status: number
  words: string
  advice?: string
  retry?: boolean
}

const GATEWAY_ROWS: Row[] = (Object.keys(GATEWAY_ERRORS) as GatewayErrorCode[]).map((code) => ({
  code,
  status: GATEWAY_ERRORS[code].status,
  words: GATEWAY_ERRORS[code].message,
  advice: GATEWAY_ADVICE[code],
  retry: GATEWAY_ERRORS[code].retryAfter,
}))
const ADMIN_ROWS: Row[] = Object.entries(PROBLEMS).map(([code, { status, title }]) => ({
  code,
  status,
  words: title,
}))

export default function ErrorsPage() {
  return (
    <DocsFrame
      nav={{
        label: 'On this page',
        links: [
          { href: '#gateway', label: 'Gateway' },
          { href: '#management', label: 'Management API' },
        ],
      }}
    >
      <PageHead
        title="Error codes"
        description="The code decides the status and what a caller may do. Every answer carries a request id: it finds the call, or the line in the log."
      />
      <section aria-labelledby="gateway" className="mb-10">
        <h2 id="gateway" className="scroll-mt-16 text-lg font-semibold">
          Gateway
        </h2>
        <p className="mt-1 mb-3 max-w-3xl text-muted">
          Errors speak the caller’s dialect: an OpenAI client gets OpenAI’s envelope. A vendor’s 400, 404, 413
          and 422 keep their status.
        </p>
        <CodeBlock
          className="mb-4 max-w-3xl"
          title="As an OpenAI client sees it"
          code={JSON.stringify(
            {
              error: {
                message: GATEWAY_ERRORS.rate_limit_exceeded.message,
                type: 'rate_limit_error',
                param: null,
                code: 'rate_limit_exceeded',
              },
            },
            null,
            2,
          )}
        />
        <Codes rows={GATEWAY_ROWS} prefix="" />
      </section>
      <section aria-labelledby="management">
        <h2 id="management" className="scroll-mt-16 text-lg font-semibold">
          Management API
        </h2>
        <p className="mt-1 mb-3 max-w-3xl text-muted">
          Problems (RFC 9457) as application/problem+json, with{' '}
          <code className="font-mono text-xs">errors</code> for fields.
        </p>
        <Codes rows={ADMIN_ROWS} prefix="status-" />
      </section>
    </DocsFrame>
  )
}

/** `prefix`: the first row of each status takes `#status-409`, where a reference page points. */
function Codes({ rows, prefix }: { rows: readonly Row[]; prefix: string }) {
  const first = new Set(
    rows
      .filter((row, index) => rows.findIndex((other) => other.status === row.status) === index)
      .map((row) => row.code),
  )
  return (
    <dl className="overflow-hidden rounded-card border bg-surface">
      {rows.map((row) => (
        <div
          key={row.code}
          id={prefix && first.has(row.code) ? `${prefix}${row.status}` : undefined}
          className="scroll-mt-16 border-t px-4 py-2.5 first:border-t-0"
        >
          <dt
            id={prefix ? `api-${row.code}` : row.code}
            className="flex scroll-mt-16 flex-wrap items-center gap-2"
          >
            <span className="w-9 text-muted">{row.status}</span>
            <a href={`#${prefix ? 'api-' : ''}${row.code}`} className="font-mono text-sm hover:underline">
              {row.code}
            </a>
            {row.retry ? <Badge>Retry-After</Badge> : null}
          </dt>
          <dd className="sm:pl-11">
            {row.words} {row.advice ? <span className="text-muted">{row.advice}</span> : null}
          </dd>
        </div>
      ))}
    </dl>
  )
}
