"""A service that receives studies over DICOM, has them processed and sends the results back.

The way of a study, each step an atomic rename within one folder on disk (:mod:`.spool`)::

    C-STORE ─> receiving ─> received ─(quiet time)─> processing ─> sending ─> done
                                                         └──────> quarantine

:mod:`.options` reads the settings, :mod:`.run` runs the service in the foreground. Nothing else
needs to be imported from outside.
"""
