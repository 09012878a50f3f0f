import Link from 'next/link'
import type { ReactNode } from 'react'
import { Mark } from '@/components/shell/mark'

/** The frame of the reference pages, which need no sign-in. */
export function DocsFrame({
  nav,
  children,
}: {
  nav?: { label: string; links: readonly { href: string; label: string; current?: boolean }[] }
  children: ReactNode
}) {
  return (
    <>
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-control focus:bg-accent focus:px-3 focus:py-1.5 focus:text-accent-fg"
      >
        Skip to the content
      </a>
      <header className="sticky top-0 z-20 flex h-12 items-center gap-4 border-b bg-background px-4 text-sm">
        <Link href="/" className="flex items-center gap-2 font-semibold">
          <Mark />
          Gatehouse
        </Link>
        <nav aria-label="Reference" className="flex gap-4">
          <Link href="/docs/api" className="text-muted hover:text-fg">
            API
          </Link>
          <Link href="/docs/errors" className="text-muted hover:text-fg">
            Errors
          </Link>
          <a href="/api/v1/openapi.json" className="text-muted hover:text-fg max-sm:hidden">
            openapi.json
          </a>
        </nav>
      </header>
      <div className="mx-auto flex max-w-[1440px] gap-8 px-4 py-6 sm:px-6">
        {nav ? (
          <nav aria-label={nav.label} className="sticky top-18 hidden w-48 shrink-0 self-start lg:block">
            <ul className="flex flex-col text-sm">
              {nav.links.map((link) => (
                <li key={link.href}>
                  <Link
                    href={link.href}
                    aria-current={link.current ? 'page' : undefined}
                    className="block rounded-control px-2 py-1.5 text-muted hover:bg-hover hover:text-fg aria-[current]:bg-hover aria-[current]:font-medium aria-[current]:text-fg"
                  >
                    {link.label}
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
        ) : null}
        <main id="content" className="min-w-0 flex-1">
          {children}
        </main>
      </div>
    </>
  )
}
