import { ChevronRight } from 'lucide-react'
import Link from 'next/link'
import { Fragment, type ReactNode } from 'react'

/** Title, one line of what this is, the primary action at the right. `trail` leads back up. */
export function PageHead({
  title,
  description,
  actions,
  trail,
}: {
  title: ReactNode
  description?: ReactNode
  actions?: ReactNode
  trail?: readonly { href: string; label: ReactNode }[]
}) {
  return (
    <div className="mb-5 flex flex-wrap items-start gap-x-4 gap-y-3">
      <div className="min-w-0 flex-1 basis-72">
        {trail ? (
          <nav aria-label="Breadcrumb" className="mb-1 flex items-center gap-1 text-sm text-muted">
            {trail.map((step) => (
              <Fragment key={step.href}>
                <Link href={step.href} className="rounded-control py-0.5 hover:text-fg hover:underline">
                  {step.label}
                </Link>
                <ChevronRight className="size-3.5" aria-hidden />
              </Fragment>
            ))}
          </nav>
        ) : null}
        <h1 className="text-xl font-semibold break-words">{title}</h1>
        {description ? <p className="mt-0.5 max-w-3xl text-muted">{description}</p> : null}
      </div>
      {actions ? <div className="flex flex-wrap items-center gap-2">{actions}</div> : null}
    </div>
  )
}
