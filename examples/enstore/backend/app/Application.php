<?php

namespace App;

use Illuminate\Foundation\Application as Base;

/**
 * Laravel's application, with all that it writes at run time below the temporary folder: the source is read-only, and in
 * development it is the developer's own working copy.
 */
class Application extends Base
{
    public function __construct(string $basePath)
    {
        parent::__construct($basePath);
        $this->useStoragePath(sys_get_temp_dir().'/enstore-'.posix_geteuid());
        foreach (['framework/views', 'framework/cache', 'cache'] as $folder) {
            @mkdir($this->storagePath().'/'.$folder, 0700, true);
        }
    }

    protected function normalizeCachePath($key, $default)
    {
        return $this->storagePath().'/'.$default;
    }
}
