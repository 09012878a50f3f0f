import type { Metadata } from 'next'
import { RoutePage } from '@/components/routes/route-pages'

export const metadata: Metadata = { title: 'Route' }

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <RoutePage id={(await params).id} />
}
