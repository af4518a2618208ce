<?php

namespace App\Exceptions;

use Illuminate\Database\Eloquent\ModelNotFoundException;
use Illuminate\Foundation\Exceptions\Handler as Base;
use Symfony\Component\HttpKernel\Exception\NotFoundHttpException;
use Throwable;

/** Every answer is JSON, whatever the client says it accepts. */
class Handler extends Base
{
    protected function shouldReturnJson($request, Throwable $e)
    {
        return true;
    }

    /** Without this, the name of the class is what a client reads. */
    protected function prepareException(Throwable $e)
    {
        if ($e instanceof ModelNotFoundException) {
            $e = new NotFoundHttpException('There is no such '.strtolower(class_basename($e->getModel())).'.', $e);
        }

        return parent::prepareException($e);
    }

    protected function convertExceptionToArray(Throwable $e)
    {
        $array = parent::convertExceptionToArray($e);
        if ($array['message'] === '') {
            $array['message'] = 'There is nothing at this address.';
        } elseif (! $this->isHttpException($e) && ! config('app.debug')) {
            $array['message'] = 'Something went wrong here; the log has more.';
        }

        return $array;
    }

    protected function context()
    {
        return [];
    }
}
