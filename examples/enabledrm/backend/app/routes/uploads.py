"""Files: taken in up to a size, kept in the folder that the workers share, handed out through signed links."""

from fastapi import APIRouter, Depends, File, HTTPException, UploadFile
from fastapi.responses import FileResponse

from .. import files, security, store
from ..db import Upload, get_session
from ..settings import settings

router = APIRouter(tags=["uploads"])


def _link(upload):
    path = f"/api/uploads/{upload.id}/content"
    return f"{path}?{security.sign(path)}"


def view(upload):
    return {
        "id": upload.id,
        "name": upload.name,
        "size": upload.size,
        "content_type": upload.content_type,
        "generated": upload.generated,
        "created_at": upload.created_at,
        "link": _link(upload),
    }


@router.get("/uploads")
def list_uploads(limit: int = 50, user=Depends(security.current_user), db=Depends(get_session)):
    rows = db.query(Upload).order_by(Upload.created_at.desc()).limit(min(limit, 200)).all()
    return [view(upload) for upload in rows]


@router.post("/uploads", status_code=201)
def create_upload(file: UploadFile = File(...), user=Depends(security.current_user), db=Depends(get_session)):
    try:
        upload_id, size = files.save(file.file, settings.max_upload_bytes)
    except files.TooLarge:
        limit = settings.max_upload_bytes // (1024 * 1024)
        raise HTTPException(413, f"a file may have up to {limit} MiB") from None
    upload = Upload(
        id=upload_id,
        name=(file.filename or "unnamed")[-255:],
        size=size,
        content_type=(file.content_type or "application/octet-stream")[:120],
        owner_id=user.id,
    )
    db.add(upload)
    try:
        db.commit()
    except Exception:
        files.remove(upload_id)
        raise
    store.forget("stats")
    return view(upload)


@router.get("/uploads/{upload_id}/content")
def content(upload_id: str, expires: int, signature: str, db=Depends(get_session)):
    if not security.signed(f"/api/uploads/{upload_id}/content", expires, signature):
        raise HTTPException(403, "this link has expired; list the uploads again")
    upload = db.get(Upload, upload_id)
    if upload is None:
        raise HTTPException(404, "no such upload")
    # Always as an attachment: a file that somebody uploaded must not run as a page of this site.
    return FileResponse(
        files.path_of(upload.id),
        filename=upload.name,
        media_type="application/octet-stream",
        headers={"X-Content-Type-Options": "nosniff"},
    )
