'use client'

import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { Dialog } from 'radix-ui'
import { cn } from '@/components/ui/cn'
import { OVERLAY } from '@/components/ui/dialog'
import { Mark } from './mark'
import { isWithin, NAV } from './nav'

/** Beside the page from 900 px on. `operations` null: not known yet, only what everybody sees. */
export function Sidebar({ operations }: { operations: readonly string[] | null }) {
  return (
    <aside className="sticky top-0 hidden h-dvh w-[232px] shrink-0 flex-col overflow-y-auto border-r bg-background min-[900px]:flex">
      <NavContent operations={operations} onNavigate={() => {}} />
    </aside>
  )
}

/** The same under 900 px, over the page. */
export function NavDrawer({
  operations,
  open,
  onOpenChange,
}: {
  operations: readonly string[] | null
  open: boolean
  onOpenChange: (open: boolean) => void
}) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className={OVERLAY} />
        <Dialog.Content
          aria-describedby={undefined}
          className="fixed inset-y-0 left-0 z-40 w-[264px] max-w-[85vw] overflow-y-auto border-r bg-background shadow-float outline-none"
        >
          <Dialog.Title className="sr-only">Navigation</Dialog.Title>
          <NavContent operations={operations} onNavigate={() => onOpenChange(false)} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function NavContent({
  operations,
  onNavigate,
}: {
  operations: readonly string[] | null
  onNavigate: () => void
}) {
  const pathname = usePathname()
  return (
    <>
      <Link
        href="/"
        onClick={onNavigate}
        className="flex h-12 shrink-0 items-center gap-2 px-4 text-lg font-semibold -outline-offset-2"
      >
        <Mark />
        Gatehouse
      </Link>
      <nav aria-label="Main" className="flex flex-col gap-4 px-2 pt-1 pb-4">
        {NAV.map((group) => {
          const entries = group.entries.filter(
            (entry) => entry.needs === null || operations?.includes(entry.needs),
          )
          if (entries.length === 0) return null
          const id = `nav-${(group.label ?? 'main').toLowerCase()}`
          return (
            <div key={id}>
              {group.label ? (
                <h2 id={id} className="px-2 pb-1 text-xs font-medium text-muted">
                  {group.label}
                </h2>
              ) : null}
              <ul aria-labelledby={group.label ? id : undefined} className="flex flex-col gap-px">
                {entries.map(({ href, label, icon: Icon }) => {
                  const current = isWithin(pathname, href)
                  return (
                    <li key={href}>
                      <Link
                        href={href}
                        onClick={onNavigate}
                        aria-current={current ? 'page' : undefined}
                        className={cn(
                          'flex h-8 items-center gap-2.5 rounded-control px-2 text-sm text-muted hover:bg-hover hover:text-fg',
                          current && 'bg-hover font-medium text-fg',
                        )}
                      >
                        <Icon className={cn('size-4', current && 'text-accent')} aria-hidden />
                        {label}
                      </Link>
                    </li>
                  )
                })}
              </ul>
            </div>
          )
        })}
      </nav>
    </>
  )
}
