// For the check of the service: this server answers. It says nothing about the API.
export const dynamic = 'force-dynamic'

export function GET() {
  return Response.json({ status: 'ok' })
}
