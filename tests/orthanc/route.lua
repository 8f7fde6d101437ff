-- Sends each chest radiograph that arrives on to monai-covid. Results are of other SOP classes, so
-- that they are not sent back.
local ROUTED = {
   ['1.2.840.10008.5.1.4.1.1.1'] = true,    -- Computed Radiography Image Storage
   ['1.2.840.10008.5.1.4.1.1.1.1'] = true,  -- Digital X-Ray Image Storage - For Presentation
}

function OnStoredInstance(instanceId, tags, metadata, origin)
   if ROUTED[tags['SOPClassUID']] then
      SendToModality(instanceId, 'monai-covid')
   end
end
