import { cn } from '@/components/ui/cn'
import { differences } from './difference-list'

/** Two documents side by side, only where they differ. */
export function Difference({
  before,
  after,
  beforeLabel = 'Before',
  afterLabel = 'After',
  className,
}: {
  before: unknown
  after: unknown
  beforeLabel?: string
  afterLabel?: string
  className?: string
}) {
  const changes = differences(before, after)
  if (changes.length === 0) return <p className={cn('text-sm text-muted', className)}>No difference.</p>
  return (
    <div className={cn('overflow-x-auto rounded-card border bg-surface', className)}>
      <table className="w-full text-left text-xs">
        <thead className="text-muted">
          <tr>
            <th scope="col" className="px-2.5 py-1.5 font-medium">
              Field
            </th>
            <th scope="col" className="px-2.5 py-1.5 font-medium">
              {beforeLabel}
            </th>
            <th scope="col" className="px-2.5 py-1.5 font-medium">
              {afterLabel}
            </th>
          </tr>
        </thead>
        <tbody className="font-mono">
          {changes.map((change) => (
            <tr key={change.path} className="border-t align-top">
              <th scope="row" className="px-2.5 py-1.5 font-normal break-all">
                {change.path || 'all'}
              </th>
              <td className="bg-danger-soft px-2.5 py-1.5 break-all">{valueText(change.before)}</td>
              <td className="bg-ok-soft px-2.5 py-1.5 break-all">{valueText(change.after)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function valueText(value: unknown): string {
  if (value === undefined) return '–'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
