-- Sends each chest radiograph that arrives on to the service, which finds out what is in a study.
-- Its results are of other SOP classes, so that they are not sent back. X-rays that are stored as
-- secondary captures are not routed, because the results have one of these classes too.
--
-- A transmission that fails, for instance while the service is down, stays in Orthanc's list of
-- jobs and can be sent again there: POST /jobs/{id}/resubmit. SendToModality would forget it. The
-- list is as long as JobsHistorySize says, and outlasts a restart with SaveJobs.
local ROUTED = {
   ['1.2.840.10008.5.1.4.1.1.1'] = true,    -- Computed Radiography Image Storage
   ['1.2.840.10008.5.1.4.1.1.1.1'] = true,  -- Digital X-Ray Image Storage - For Presentation
}

function OnStoredInstance(instanceId, tags, metadata, origin)
   if ROUTED[tags['SOPClassUID']] then
      local job = { Resources = { instanceId }, Asynchronous = true }
      RestApiPost('/modalities/monai-covid/store', DumpJson(job, true))
   end
end
