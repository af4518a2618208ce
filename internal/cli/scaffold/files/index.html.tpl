<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${name}</title>
<h1>${greeting}</h1>
<p>This is the release <b>${name}</b>.</p>
</html>
